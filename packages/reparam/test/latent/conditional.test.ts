import { hostTensor, key, normalArray, normalQuantile } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import * as ort from 'onnxruntime-node';
import {
  analogies,
  complete,
  completion,
  conditionalNormal,
  cvae,
  decodeMeans,
  deltaPosterior,
  digits,
  encode,
  exportDecoder,
  exportEncoder,
  fullCovarianceNormal,
  type HostParams,
  hierarchicalVae,
  type LatentModel,
  labelCondition,
  manifold,
  mixtureOfNormals,
  mlp,
  priorScale,
  reconstruct,
  sample,
  standardNormal,
  take,
  traverse,
  vae,
  vampPrior,
  withLabelCondition,
} from 'reparam';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { largestGap } from './models.ts';

let runtime: Awaited<ReturnType<typeof nodeRuntime>>;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});

const net = () => mlp([12], { activation: 'tanh' });
const parts = { dataShape: [8, 8], latentDim: 2, encoder: net(), decoder: net() };
const model = cvae({ ...parts, conditionSize: 10 });
const params = model.init(key(1));
const data = withLabelCondition(take(digits(), 7), 10);
const floats = (values: Float32Array, shape: readonly number[]) => new ort.Tensor('float32', values, shape as number[]);
const run = async (bytes: Uint8Array, inputs: Record<string, ort.Tensor>) => {
  const session = await ort.InferenceSession.create(bytes);
  expect([...session.inputNames].sort()).toEqual(Object.keys(inputs).sort());
  return session.run(inputs);
};
const x = floats(
  Float32Array.from(data.data, (v) => v * data.scale),
  [7, 8, 8],
);
const condition = Float32Array.from(data.condition!.data);

describe('a model given labels', () => {
  it('exports with the condition as an input', async () => {
    const codes = await encode(model, params, data, { runtime });
    const noise = floats(new Float32Array(14), [7, 2]);
    const given = floats(condition, [7, 10]);
    const { z, loc } = await run(exportEncoder(model, params), { x, condition: given, noise });
    expect(largestGap(z!.data as Float32Array, codes.mean.data)).toBeLessThan(2e-5);
    expect(largestGap(loc!.data as Float32Array, codes.mean.data)).toBeLessThan(2e-5);
    const { mean } = await run(exportDecoder(model, params), { z: z!, condition: given });
    const decoded = await decodeMeans(model, params, codes.mean, {
      runtime,
      condition: hostTensor(condition, [7, 10]),
    });
    expect(largestGap(mean!.data as Float32Array, decoded.data)).toBeLessThan(2e-5);
  });

  it('draws depend on the class through prior and decoder, and one row stands for all', async () => {
    const draw = (condition: ReturnType<typeof labelCondition>) =>
      sample(model, params, 6, { runtime, seed: 3, condition });
    const [threes, alsoThrees, mixed] = [
      await draw(labelCondition([3], 10)),
      await draw(labelCondition([3, 3, 3, 3, 3, 3], 10)),
      await draw(labelCondition([3, 3, 3, 8, 8, 8], 10)),
    ];
    expect(threes.mean.data).toEqual(alsoThrees.mean.data);
    expect(mixed.mean.data.subarray(0, 3 * 64)).toEqual(threes.mean.data.subarray(0, 3 * 64));
    expect(largestGap(mixed.z.data.subarray(6), threes.z.data.subarray(6))).toBeGreaterThan(1e-3);
    expect(() => labelCondition([10], 10)).toThrow(/from 0 to 9/);
    await expect(sample(model, params, 6, { runtime })).rejects.toThrow(/no condition/);
    await expect(draw(labelCondition([1, 2], 10))).rejects.toThrow(/6 rows, one a code, or one row for all/);
  });

  it('traversals and manifolds move through the prior of the class', async () => {
    const given = { runtime, condition: labelCondition([4], 10) };
    const value = priorScale(model, params, given.condition);
    const { z } = await traverse(model, params, { ...given, dims: [1], steps: 3, range: 2 });
    expect([...z.data]).toEqual(
      [-2, 0, 2].flatMap((score) => [Math.fround(value(0, 0)), Math.fround(value(1, score))]),
    );
    expect(value(1, 0)).not.toBeCloseTo(priorScale(model, params, labelCondition([5], 10))(1, 0), 3);
    const plane = await manifold(model, params, 2, given);
    expect(plane.z.data[0]).toBeCloseTo(value(0, normalQuantile(0.25)), 6);
  });
});

test('completions keep what was given, and put the decoded quadrant where it belongs', async () => {
  const whole = take(digits(), 5);
  const missing = 'top-right' as const;
  const parted = completion(whole, { missing });
  const completing = cvae({
    ...parts,
    dataShape: [4, 4],
    conditionSize: 48,
    prior: conditionalNormal({ hidden: [8] }),
  });
  const own = completing.init(key(2));
  const settings = { runtime, seed: 1, shape: [8, 8], missing, draws: 3 };
  const { given, completed, truth } = await complete(completing, own, parted, settings);
  expect([given.shape, completed.shape, truth.shape]).toEqual([
    [5, 64],
    [5, 3, 64],
    [5, 64],
  ]);
  const inside = (i: number) => (i % 64) >> 3 < 4 && (i & 7) >= 4;
  given.data.forEach((value, i) => {
    expect(value).toBe(inside(i) ? 0 : truth.data[i]);
    expect(truth.data[i]).toBe(Math.fround(whole.data[i]! * whole.scale));
  });
  const draws = new Set<number>();
  completed.data.forEach((value, i) => {
    if (inside(i)) draws.add(value);
    else expect(value).toBe(truth.data[Math.floor(i / 192) * 64 + (i % 64)]);
  });
  expect(draws.size).toBe(5 * 3 * 16);
});

describe('quantiles of priors', () => {
  it('of a mixture are those of its marginals', () => {
    const mixed = vae({ ...parts, prior: mixtureOfNormals({ components: 2 }) });
    const prior = {
      logits: hostTensor(Float32Array.of(0, Math.log(3)), [2]),
      loc: hostTensor(Float32Array.of(-2, 0, 1, 5), [2, 2]),
      logScale: hostTensor(Float32Array.of(0, 0, Math.log(0.5), 0), [2, 2]),
    };
    const value = priorScale(mixed, { ...mixed.init(key(1)), prior } as HostParams);
    // ¼ Φ(x + 2) + ¾ Φ(2 (x − 1)) = Φ(score): by differences of Φ from its quantiles.
    const cdf = (x: number) => {
      let [low, high] = [1e-9, 1 - 1e-9];
      for (let i = 0; i < 60; i++)
        [low, high] = normalQuantile((low + high) / 2) < x ? [(low + high) / 2, high] : [low, (low + high) / 2];
      return low;
    };
    for (const score of [-2, -0.3, 0, 1.5]) {
      const at = value(0, score);
      expect(0.25 * cdf(at + 2) + 0.75 * cdf(2 * (at - 1))).toBeCloseTo(cdf(score), 6);
    }
  });

  it.each([
    ['VampPrior', () => vae({ ...parts, prior: vampPrior({ pseudoInputs: 4 }) }), true],
    [
      'VampPrior of full covariances',
      () => vae({ ...parts, prior: vampPrior({ pseudoInputs: 4 }), posterior: fullCovarianceNormal() }),
      false,
    ],
    [
      'two layers',
      () => hierarchicalVae({ ...parts, latentDims: [1, 1], upper: { encoder: mlp([]), decoder: mlp([]) } }),
      false,
    ],
  ] as const)('%s: known, or refused with the reason', async (_, make, isKnown) => {
    const own: LatentModel = make();
    const attempt = traverse(own, own.init(key(1)), { runtime, steps: 3 });
    if (isKnown) expect((await attempt).mean.shape).toEqual([6, 64]);
    else await expect(attempt).rejects.toThrow(/quantiles of this prior are not known.*Use sample/);
    expect((await sample(own, own.init(key(1)), 3, { runtime })).mean.shape).toEqual([3, 64]);
  });
});

describe('exports', () => {
  it.each([
    ['autoencoder', () => vae({ ...parts, posterior: deltaPosterior() }), []],
    ['full covariance', () => vae({ ...parts, posterior: fullCovarianceNormal(), prior: standardNormal() }), [2]],
    [
      'two layers',
      () => hierarchicalVae({ ...parts, latentDims: [2, 3], upper: { encoder: net(), decoder: net() } }),
      [2, 3],
    ],
  ] as const)('%s: mean and a draw, its noise as inputs', async (_, make, noise) => {
    const own: LatentModel = make();
    const ownParams = own.init(key(4));
    const name = (i: number) => (noise.length === 1 ? 'noise' : `noise_${i + 1}`);
    const drawn = Object.fromEntries(
      noise.map((size, i) => [name(i), floats(normalArray(key(i), 7 * size), [7, size])]),
    );
    const { mean, z } = await run(exportEncoder(own, ownParams), { x, ...drawn });
    const codes = await encode(own, ownParams, take(digits(), 7), { runtime });
    expect(largestGap(mean!.data as Float32Array, codes.mean.data)).toBeLessThan(2e-5);
    expect(z!.dims).toEqual([7, own.latentDim]);
    if (noise.length === 0) expect([...(z!.data as Float32Array)]).toEqual([...(mean!.data as Float32Array)]);
    else expect(largestGap(z!.data as Float32Array, mean!.data as Float32Array)).toBeGreaterThan(0.1);
    const { mean: decoded } = await run(exportDecoder(own, ownParams), { z: z! });
    expect(decoded!.dims).toEqual([7, 8, 8]);
  });
});

test('an analogy is the example with another condition: in its own class, its reconstruction', async () => {
  const shown = await analogies(model, params, data, { runtime });
  expect(shown.shape).toEqual([7, 10, 64]);
  const { mean: own } = await reconstruct(model, params, data, { runtime });
  const { mean: codes } = await encode(model, params, data, { runtime });
  for (let row = 0; row < 7; row++) {
    const at = (label: number) => shown.data.subarray((10 * row + label) * 64, (10 * row + label + 1) * 64);
    expect(largestGap(at(data.labels![row]!), own.data.subarray(64 * row, 64 * (row + 1)))).toBeLessThan(1e-6);
    const z = hostTensor(codes.data.slice(2 * row, 2 * row + 2), [1, 2]);
    const four = await decodeMeans(model, params, z, { runtime, condition: labelCondition([4], 10) });
    expect(largestGap(at(4), four.data)).toBeLessThan(1e-6);
  }
  await expect(analogies(vae(parts), params, data, { runtime })).rejects.toThrow(/given the class/);
});
