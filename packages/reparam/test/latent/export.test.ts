import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { add, hostTensor, key, mul, normalArray, sigmoid, sub, type Tensor, uniformArray } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  createDataset,
  decodeMeans,
  digits,
  encode,
  exportClassifier,
  exportDecoder,
  exportEncoder,
  fitOnCodes,
  gaussianLikelihood,
  type HostParams,
  type LatentModel,
  linearSvm,
  logisticRegression,
  m2,
  mlp,
  type NoiseSite,
  type Posterior,
  predictLabels,
  sharedVarianceNormal,
  stacked,
  take,
  withLabelHead,
} from 'reparam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { largestGap, smallModel } from './models.ts';

/** Both sides compute in float32, possibly with other kernels (wasm), so sums of 64 products differ in their last bits. */
const tolerance = 2e-5;

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Job {
  readonly model: string;
  readonly inputs: Record<string, Plain>;
}
interface JobResult {
  readonly inputNames: readonly string[];
  readonly outputs: Record<string, Plain>;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reparam-export-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plain = (data: ArrayLike<number>, shape: readonly number[]): Plain => ({ shape, data: Array.from(data) });

/** Runs the jobs in a process that has nothing of this library. */
async function runElsewhere(runtime: string, jobs: readonly Job[]): Promise<JobResult[]> {
  const file = join(folder, `jobs-${runtime}.json`);
  await writeFile(file, JSON.stringify(jobs));
  const script = fileURLToPath(new URL('./runOnnx.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, runtime, file], { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as JobResult[];
}

async function writeModel(name: string, bytes: Uint8Array): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, bytes);
  return file;
}

const models = {
  bernoulli: smallModel(),
  'gaussian, shared scale': smallModel({ likelihood: gaussianLikelihood(), posterior: sharedVarianceNormal() }),
  'gaussian, scale per dimension': smallModel({ likelihood: gaussianLikelihood({ scale: 'per-dimension' }) }),
  'gaussian, fixed scale': smallModel({ likelihood: gaussianLikelihood({ scale: 0.25 }) }),
};

const sizes = [1, 7, 100];
const data = take(digits('train'), 100);
const pixels = Float32Array.from(data.data, (v) => v * data.scale);
const noise = normalArray(key(11), 100 * 5);

describe.each(Object.entries(models))('%s', (name, { model, params }) => {
  it.each([
    'onnxruntime-node',
    'onnxruntime-web',
  ])('exported files run in a fresh process with %s', async (package_) => {
    const label = name.replaceAll(/\W+/g, '-');
    const encoder = await writeModel(`${label}-encoder.onnx`, exportEncoder(model, params));
    const decoder = await writeModel(`${label}-decoder.onnx`, exportDecoder(model, params));
    const jobs = sizes.flatMap((n): Job[] => [
      {
        model: encoder,
        inputs: { x: plain(pixels.slice(0, n * 64), [n, 8, 8]), noise: plain(noise.slice(0, n * 5), [n, 5]) },
      },
      { model: decoder, inputs: { z: plain(noise.slice(0, n * 5), [n, 5]) } },
    ]);
    const results = await runElsewhere(package_, jobs);

    const runtime = await nodeRuntime({ threads: 1 });
    const codes = await encode(model, params, data, { runtime });
    const [loc, scale] = [codes.mean, codes.scale!].map((t) => t.data as Float32Array) as [Float32Array, Float32Array];
    const decoded = (await decodeMeans(model, params, hostTensor(noise, [100, 5]), { runtime })).data as Float32Array;
    sizes.forEach((n, i) => {
      const { loc: l, scale: s, z } = results[2 * i]!.outputs as Record<string, Plain>;
      expect(results[2 * i]!.inputNames).toEqual(['x', 'noise']);
      expect(Object.keys(results[2 * i]!.outputs)).toEqual(['loc', 'scale', 'z']);
      expect([l, s, z].map((o) => o!.shape)).toEqual(Array(3).fill([n, 5]));
      expect(largestGap(l!.data, loc.slice(0, n * 5))).toBeLessThan(tolerance);
      expect(largestGap(s!.data, scale.slice(0, n * 5))).toBeLessThan(tolerance);
      const expected = Array.from(noise.slice(0, n * 5), (e, j) => loc[j]! + scale[j]! * e);
      expect(largestGap(z!.data, expected)).toBeLessThan(tolerance);

      const { mean, ...others } = results[2 * i + 1]!.outputs as Record<string, Plain>;
      expect(mean!.shape).toEqual([n, 8, 8]);
      expect(largestGap(mean!.data, decoded.slice(0, n * 64))).toBeLessThan(tolerance);
      if (name === 'bernoulli') {
        expect(Object.keys(others)).toEqual(['logits']);
        expect(others.logits!.shape).toEqual([n, 8, 8]);
        const probs = others.logits!.data.map((v) => 1 / (1 + Math.exp(-v)));
        expect(largestGap(probs, mean!.data)).toBeLessThan(tolerance);
      } else {
        expect(Object.keys(others)).toEqual(['scale']);
        expect(others.scale!.shape).toEqual([n, 8, 8]);
        const sigma = scaleOf(params);
        expect(
          largestGap(
            others.scale!.data,
            Array.from({ length: n * 64 }, (_, j) => sigma(j % 64)),
          ),
        ).toBeLessThan(tolerance);
      }
    });
  });
});

describe('what tells labels, as a model of examples', () => {
  const net = () => mlp([6], { activation: 'tanh' });
  const classes = { latentDim: 3, numClasses: 10, encoder: net(), decoder: net(), classifier: net() };
  const { model: plainModel, params: plainParams } = smallModel();
  const ofClass = m2({ ...classes, dataShape: [8, 8] });
  const ofCodes = stacked({
    lower: plainModel,
    upper: (dataShape, likelihood) => m2({ ...classes, dataShape, likelihood }),
  });
  const head = withLabelHead(plainModel, { numLabels: 3, kind: 'bernoulli', hidden: [4] });
  const written = async (label: string, bytes: Uint8Array) => {
    const x = plain(pixels, [100, 8, 8]);
    const inputs = [x, plain(pixels.slice(0, 7 * 64), [7, 8, 8])].map((each) => ({ x: each }));
    const file = await writeModel(`${label}-classifier.onnx`, bytes);
    const [all, some] = await runElsewhere(
      'onnxruntime-node',
      inputs.map((each) => ({ model: file, inputs: each })),
    );
    expect(all!.inputNames).toEqual(['x']);
    const [[name, { data: values, shape }]] = Object.entries(all!.outputs) as [[string, Plain]];
    expect(some!.outputs[name]!.shape).toEqual([7, shape[1]]);
    expect(largestGap(some!.outputs[name]!.data, values.slice(0, 7 * shape[1]!))).toBeLessThan(tolerance);
    return { name, values, shape };
  };

  it.each([
    ['m2', ofClass],
    ['m1-m2', ofCodes],
  ])('of %s gives its own predictions', async (label, own) => {
    const params = own.init(key(5));
    const { name, values, shape } = await written(label, exportClassifier(own, params));
    expect([name, shape]).toEqual(['labels', [100, 10]]);
    const runtime = await nodeRuntime({ threads: 1 });
    const { data: logits } = await predictLabels(own, params, data, { runtime });
    expect(largestGap(values, logits.map(Math.exp))).toBeLessThan(tolerance);
  });

  it('of a label head gives the probabilities at the mean code, those of the encoder’s file without noise', async () => {
    const params = head.init(key(6));
    const { name, values, shape } = await written('head', exportClassifier(head, params));
    expect([name, shape]).toEqual(['labels', [100, 3]]);
    const file = await writeModel('head-encoder.onnx', exportEncoder(head, params));
    const inputs = { x: plain(pixels, [100, 8, 8]), noise: plain(new Float32Array(500), [100, 5]) };
    const [encoded] = await runElsewhere('onnxruntime-node', [{ model: file, inputs }]);
    expect(largestGap(values, encoded!.outputs.labels!.data)).toBeLessThan(tolerance);
  });

  it.each([
    ['labels', logisticRegression({ strength: 1e-2 })],
    ['margins', linearSvm({ strength: 1e-2 })],
  ])('of a classifier of codes gives its %s at the mean code', async (wanted, kind) => {
    const runtime = await nodeRuntime({ threads: 1 });
    const fitted = await fitOnCodes(plainModel, plainParams, data, kind, { numClasses: 10, runtime });
    const { score, hasProbabilities } = fitted;
    const bytes = exportClassifier(plainModel, plainParams, { ofCodes: { score: score!, hasProbabilities } });
    const { name, values } = await written(`codes-${wanted}`, bytes);
    expect(name).toBe(wanted);
    const { mean } = await encode(plainModel, plainParams, data, { runtime });
    const scores = await fitted.scores({ data: mean.data as Float32Array, rows: 100, columns: 5 });
    expect(largestGap(values, hasProbabilities ? scores.map(Math.exp) : scores)).toBeLessThan(1e-4);
  });

  it('is refused where nothing tells labels', () => {
    expect(() => exportClassifier(plainModel, plainParams)).toThrow(/predicts no labels/);
  });
});

function scaleOf(params: HostParams): (pixel: number) => number {
  const logScale = (params.likelihood as HostParams).logScale?.data as Float32Array | undefined;
  return (pixel) => (logScale ? Math.exp(logScale[pixel % logScale.length]!) : 0.25);
}

/** Two draws of noise of different kinds, and no loc and scale: z = mean + scale · (ε + u − ½). */
const twoNoises: Posterior = {
  ...sharedVarianceNormal(),
  description: 'normal plus uniform',
  distribution(params, features, latentDim, context) {
    const q = sharedVarianceNormal().distribution(params, features, latentDim, context);
    const rsample = (site: NoiseSite): Tensor => {
      const rattle = sub(context.child('rattle').site('u').draw('uniform', q.mean.shape, 0), 0.5);
      return add(q.mean, mul(sigmoid(q.mean), add(site.draw('normal', q.mean.shape, 0), rattle)));
    };
    const { batchShape, eventRank, mean } = q;
    const unused = (): never => {
      throw new Error('not needed to export');
    };
    return {
      batchShape,
      eventRank,
      mean,
      rsample,
      sample: rsample,
      logProb: unused,
      entropy: unused,
      rsampleWithLogProb: unused,
    };
  },
};

describe('a posterior that is no diagonal normal', () => {
  it('has its own noise inputs, named in the metadata', async () => {
    const { model, params } = smallModel({ posterior: twoNoises });
    const bytes = exportEncoder(model, params);
    expect(new TextDecoder().decode(bytes)).toContain('noise_1: uniform on (0, 1); noise_2: standard normal');
    const file = await writeModel('two-noises.onnx', bytes);
    const uniform = uniformArray(key(2), 35);
    const inputs = {
      x: plain(pixels.slice(0, 7 * 64), [7, 8, 8]),
      noise_1: plain(uniform, [7, 5]),
      noise_2: plain(noise.slice(0, 35), [7, 5]),
    };
    const [result] = await runElsewhere('onnxruntime-node', [{ model: file, inputs }]);
    expect(Object.keys(result!.outputs)).toEqual(['mean', 'z']);
    const { mean } = await encode(model, params, take(data, 7), { runtime: await nodeRuntime({ threads: 1 }) });
    expect(largestGap(result!.outputs.mean!.data, mean.data)).toBeLessThan(tolerance);
    const expected = Array.from(
      mean.data as Float32Array,
      (m, i) => m + (noise[i]! + uniform[i]! - 0.5) / (1 + Math.exp(-m)),
    );
    expect(largestGap(result!.outputs.z!.data, expected)).toBeLessThan(tolerance);
  });
});

describe('the files', () => {
  it('say what they are, and hold every parameter they use once', () => {
    const { model, params } = models.bernoulli;
    const encoder = exportEncoder(model, params, { metadata: { dataset: 'digits' } });
    const text = new TextDecoder().decode(encoder);
    for (const part of [
      'encoder q(z given x)',
      'Bernoulli',
      'N(0, I)',
      'noise: standard normal',
      '[8,8]',
      '0.1.0',
      'digits',
    ]) {
      expect(text).toContain(part);
    }
    const weights = 4 * (64 * 24 + 24 + 2 * (24 * 5 + 5));
    expect(encoder.length).toBeGreaterThan(weights);
    expect(encoder.length).toBeLessThan(weights + 4096);
    const decoder = exportDecoder(model, params);
    expect(decoder.length).toBeLessThan(4 * (5 * 24 + 24 + 24 * 64 + 64) + 4096);
  });

  it('are the same bytes each time', () => {
    const { model, params } = models.bernoulli;
    expect(exportEncoder(model, params)).toEqual(exportEncoder(model, params));
    expect(exportDecoder(model, params)).toEqual(exportDecoder(model, params));
  });

  it('refuse a decoder that draws noise', () => {
    const { model, params } = models.bernoulli;
    const noisy: LatentModel = {
      ...model,
      decode: (p, z, context) => model.decode(p, add(z, context.site('jitter').draw('normal', z.shape, 0)), context),
    };
    expect(() => exportDecoder(noisy, params)).toThrow(expect.objectContaining({ code: 'unsupported', at: 'jitter' }));
  });

  it.each(['categorical', 'bernoulli'] as const)('give the probabilities of %s labels at the code', async (kind) => {
    const { model: plainModel } = models.bernoulli;
    const model = withLabelHead(plainModel, { numLabels: 3, kind, hidden: [4] });
    const params = model.init(key(3));
    const file = await writeModel(`${kind}.onnx`, exportEncoder(model, params));
    const inputs = { x: plain(pixels, [100, 8, 8]), noise: plain(noise, [100, 5]) };
    const [result] = await runElsewhere('onnxruntime-node', [{ model: file, inputs }]);
    const { z, labels } = result!.outputs;
    const head = params.labels as Record<string, Record<string, Record<string, HostParams>>>;
    const layer = (at: HostParams, input: readonly number[]) => {
      const [weight, bias] = [at.weight, at.bias].map((t) => Array.from((t as { data: Float32Array }).data));
      return bias!.map((b, j) => b + input.reduce((sum, v, i) => sum + v * weight![j * input.length + i]!, 0));
    };
    const want = Array.from({ length: 100 }, (_, row) => {
      const hidden = layer(head.head!['0']!['0']!, z!.data.slice(5 * row, 5 * row + 5)).map((v) => Math.max(v, 0));
      const odds = layer(head.head!['1'] as HostParams, hidden).map(Math.exp);
      const total = odds.reduce((a, b) => a + b);
      return odds.map((o) => (kind === 'categorical' ? o / total : o / (1 + o)));
    }).flat();
    expect(labels!.shape).toEqual([100, 3]);
    expect(largestGap(labels!.data, Float32Array.from(want))).toBeLessThan(tolerance);
  });

  it('take examples of any rank', async () => {
    const flat = createDataset({ name: 'flat', data: pixels, shape: [64] });
    const { model, params } = smallModel({ dataShape: [64] });
    const file = await writeModel('flat.onnx', exportEncoder(model, params));
    const inputs = { x: plain(pixels, [100, 64]), noise: plain(noise, [100, 5]) };
    const [result] = await runElsewhere('onnxruntime-node', [{ model: file, inputs }]);
    const { mean } = await encode(model, params, flat, { runtime: await nodeRuntime({ threads: 1 }) });
    expect(largestGap(result!.outputs.loc!.data, mean.data)).toBeLessThan(tolerance);
  });
});
