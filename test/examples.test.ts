import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { add, broadcastTo, compile, constant, hostTensor, interpreter, mul, spec, type Tensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  constantSchedule,
  digits,
  fit,
  independent,
  iwae,
  type LatentModel,
  linearWarmup,
  mlp,
  normal,
  type Objective,
  presets,
  traceContext,
  vae,
} from 'reparam';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { renyi } from '../examples/extending/renyi.ts';
import { StudentT } from '../examples/extending/studentT.ts';

let folder: string;
let home: string;
let printed: string[];

beforeEach(() => {
  home = process.cwd();
  folder = mkdtempSync(join(tmpdir(), 'reparam-example-'));
  process.chdir(folder);
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((...all) => {
    printed.push(all.join(' '));
  });
});

afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

/** The first number after `label` in what was printed. */
const number = (label: string): number => {
  const line = printed.find((each) => each.includes(label));
  return Number(/-?\d+(\.\d+)?/.exec(line?.slice(line.indexOf(label) + label.length) ?? '')?.[0] ?? Number.NaN);
};

test('digits: learns, measures, draws and exports', async () => {
  await import('../examples/digits.ts');
  expect(number('epoch 30: ELBO')).toBeGreaterThan(number('epoch 1: ELBO') + 6);
  expect(number('log p(x)')).toBeGreaterThan(-24.5);
  expect(readFileSync('samples.png').subarray(1, 4).toString()).toBe('PNG');
  expect(readFileSync('decoder.onnx').length).toBeGreaterThan(10_000);
});

test('classifiers: logistic regression on pixels', async () => {
  await import('../examples/classifiers.ts');
  expect(number('accuracy')).toBeGreaterThan(0.9);
  expect(number('log-loss')).toBeLessThan(0.4);
});

test('linearVae: reaches the closed form', async () => {
  await import('../examples/linearVae.ts');
  const gap = number('closed form') - number('ELBO of the trained model');
  expect(gap).toBeGreaterThan(-0.02);
  expect(gap).toBeLessThan(0.1);
});

test('customLikelihood: densities of the same data, of which one fits better', async () => {
  await import('../examples/customLikelihood.ts');
  expect(number('learned scale (shared): ELBO')).toBeGreaterThan(number('Gaussian, learned σ (shared): ELBO') + 5);
});

test('gradient: log-sum-exp and its softmax', async () => {
  await import('../examples/gradient.ts');
  const [value, ...gradient] = printed[0]!.split(/[ ,]/).map(Number);
  const softmax = [1, 2, 3].map((x) => Math.exp(x) / (Math.E + Math.E ** 2 + Math.E ** 3));
  expect(value).toBeCloseTo(Math.log(Math.E + Math.E ** 2 + Math.E ** 3) + 100, 4);
  [...softmax, 0, 0, 1].forEach((expected, i) => {
    expect(gradient[i]).toBeCloseTo(expected, 6);
  });
});

test('vaeAsCode: learns, and both forms of the bound agree', async () => {
  await import('../examples/course/vaeAsCode.ts');
  expect(number('step 500:')).toBeGreaterThan(number('step 100:') + 1);
  // One draw for each of 1,500 examples: the two forms have the same mean, and differ by the noise of their KL.
  const [, closedForm, sampled] = /500: (\S+) .* (\S+) from draws/.exec(printed.at(-1)!)!;
  expect(Math.abs(Number(closedForm) - Number(sampled))).toBeLessThan(0.3);
});

test('costOfSampling: one value at a time costs more than one pass', async () => {
  await import('../examples/course/costOfSampling.ts');
  expect(number('maf:')).toBeGreaterThan(5 * number('realnvp:'));
  expect(number('vae:')).toBeGreaterThan(0);
});

test('preset: sizes come from the data, the bits from its values', async () => {
  const { model, fitOptions, wideBeta } = await import('../examples/extending/preset.ts');
  expect(model.describe().encoder).toBe('linear 64 → 512, silu, linear 512 → 512, silu');
  expect([model.latentDim, fitOptions.binarization]).toEqual([16, 'dynamic']);
  expect(fitOptions.objective?.description).toContain('− 2 · KL');
  expect(presets.map(({ name }) => name)).not.toContain(wideBeta.name);
});

describe('StudentT', () => {
  // 4 degrees of freedom: B(2, ½) = 4/3, and the distribution function is elementary.
  const [loc, scale, dof] = [0.4, 0.7, 4];
  const density = (x: number) => (1 + ((x - loc) / scale) ** 2 / dof) ** -2.5 / (scale * 2 * (4 / 3));
  const cumulative = (x: number) => {
    const s = (x - loc) / scale / Math.hypot(2, (x - loc) / scale);
    return 0.5 + 0.75 * (s - s ** 3 / 3);
  };

  test('log-density and entropy, against density and quadrature', async () => {
    const program = await compile(
      ({ x }: { x: Tensor }) => {
        const t = new StudentT({ loc, scale, dof });
        return { logProb: t.logProb(x), entropy: t.entropy() };
      },
      { x: spec([3]) },
      { runtime: interpreter },
    );
    const at = [-2, 0.4, 50];
    const { logProb, entropy } = await program.run({ x: hostTensor(Float64Array.from(at), [3]) as never });
    at.forEach((x, i) => {
      expect(logProb.data[i]).toBeCloseTo(Math.log(density(x)), 12);
    });
    // x = loc + tan θ: ∫ over the whole line, by the midpoint rule.
    let exact = 0;
    const n = 100_000;
    for (let i = 0; i < n; i++) {
      const angle = ((i + 0.5) / n - 0.5) * Math.PI;
      const p = density(loc + Math.tan(angle));
      exact -= ((p * Math.log(p)) / Math.cos(angle) ** 2) * (Math.PI / n);
    }
    expect(Number(entropy.data[0])).toBeCloseTo(exact, 6);
  });

  test('draws follow its distribution function', async () => {
    const n = 20_000;
    const program = await compile(
      (_: object, trace) => {
        const t = new StudentT({ loc: broadcastTo(constant(loc), [n]), scale, dof });
        return { draw: t.rsample(traceContext(trace, false).site('x')) };
      },
      {},
      { runtime: interpreter },
    );
    const rows = Int32Array.from({ length: n }, (_, i) => i);
    const { draw } = await program.run({}, { noise: { seed: 3, rows, draws: 0 } });
    const sorted = Array.from(draw.data as Float64Array, cumulative).sort((a, b) => a - b);
    // Kolmogorov: √n sup |F_n − F| is above 1.95 once in a thousand times.
    const distance = Math.max(...sorted.map((p, i) => Math.max(p - i / n, (i + 1) / n - p)));
    expect(distance * Math.sqrt(n)).toBeLessThan(1.95);
  });
});

describe('renyi', () => {
  // z ~ N(0, 1), x ~ N(z, ½): the posterior is N(2x/3, ⅓); q is that, moved and its variance multiplied.
  const x = 1.3;
  const evidence = -0.5 * Math.log(3 * Math.PI) - x ** 2 / 3;
  const lossOf = async (objective: Objective, tau: number, [shift, widen]: readonly [number, number], k: number) => {
    const model = {
      dataShape: [1],
      latentDim: 1,
      prior: () => independent(normal({ loc: broadcastTo(constant(0), [1]), scale: 1 })),
      encode: (_: unknown, at: Tensor) =>
        independent(
          normal({ loc: add(mul(at, 2 / 3), shift), scale: broadcastTo(constant(Math.sqrt(widen / 3)), [1, 1]) }),
        ),
      decode: (_: unknown, z: Tensor) => independent(normal({ loc: z, scale: Math.SQRT1_2 })),
    } as unknown as LatentModel;
    const program = await compile(
      ({ x, weights }: { x: Tensor; weights: Tensor }, trace) => {
        const context = { ...traceContext(trace, false), datasetSize: 1, schedule: () => constant(tau) };
        const { loss, terms } = objective.loss(model, {}, { x, weights }, context);
        return { loss, elbo: terms.elbo };
      },
      { x: spec([1, 1]), weights: spec([1]) },
      { runtime: interpreter },
    );
    const given = { x: hostTensor(Float32Array.of(x), [1, 1]), weights: hostTensor(Float32Array.of(1), [1]) };
    const { loss, elbo } = await program.run(given, { noise: { seed: k, rows: Int32Array.of(0), draws: 0 } });
    return { bound: -Number(loss.data[0]), elbo: Number(elbo.data[0]) };
  };
  const of = (numSamples: number) => renyi({ power: constantSchedule(1), numSamples });

  test.each([0.1, 0.5, 1])('power %d: log p(x) where q is the posterior, else its own closed form', async (tau) => {
    expect((await lossOf(of(3), tau, [0, 1], 3)).bound).toBeCloseTo(evidence, 5);
    // (1/τ) log ∫ q^(1−τ) posterior^τ for two normals.
    const [shift, widen] = [0.3, 1.4];
    const [vq, vp] = [widen / 3, 1 / 3];
    const mixed = (1 - tau) * vp + tau * vq;
    const overlap =
      0.5 * (tau * Math.log(vq) + (1 - tau) * Math.log(vp) - Math.log(mixed)) -
      (tau * (1 - tau) * shift ** 2) / (2 * mixed);
    expect((await lossOf(of(200_000), tau, [shift, widen], 200_000)).bound).toBeCloseTo(evidence + overlap / tau, 2);
  });

  test('its ends: the ELBO and the importance-weighted bound of the same draws', async () => {
    const off = [0.3, 1.4] as const;
    const low = await lossOf(of(50), 1e-6, off, 50);
    expect(low.bound).toBeCloseTo(low.elbo, 5);
    expect((await lossOf(of(50), 1, off, 50)).bound).toBeCloseTo(
      (await lossOf(iwae({ numSamples: 50 }), 1, off, 50)).bound,
      10,
    );
  });
});

test('renyi trains, and the ELBO is reported unchanged', async () => {
  const runtime = await nodeRuntime();
  const data = digits('train');
  const model = vae({ dataShape: data.shape, latentDim: 6, encoder: mlp([64]), decoder: mlp([64]) });
  const power = linearWarmup({ from: 0.1, to: 1, epochs: 5 });
  const objective = renyi({ power, numSamples: 5 });
  const training = fit(model, data, { runtime, objective, binarization: 'dynamic', epochs: 15, batchSize: 50 });
  const bounds: number[] = [];
  for await (const { train } of training) {
    expect(train.elbo).toBeCloseTo(-train.rate - train.distortion, 3);
    expect(train.renyiBound).toBeGreaterThan(train.elbo);
    bounds.push(train.renyiBound!);
  }
  expect(bounds.at(-1)).toBeGreaterThan(bounds[0]! + 4);
});
