import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { broadcastTo, compile, constant, hostTensor, interpreter, spec, type Tensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { analyticKl, digits, elbo, evaluate, fit, linearWarmup, mlp, presets, traceContext, vae } from 'reparam';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { capacity } from '../examples/extending/capacity.ts';
import { Laplace } from '../examples/extending/laplace.ts';

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

test('linearVae: reaches the closed form', async () => {
  await import('../examples/linearVae.ts');
  const gap = number('closed form') - number('ELBO of the trained model');
  expect(gap).toBeGreaterThan(-0.02);
  expect(gap).toBeLessThan(0.1);
});

test('customLikelihood: densities of the same data, of which one fits better', async () => {
  await import('../examples/customLikelihood.ts');
  expect(number('Laplace, learned scale (shared): ELBO')).toBeGreaterThan(
    number('Gaussian, learned σ (shared): ELBO') + 5,
  );
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

test('preset: sizes come from the data, the bits from its values', async () => {
  const { model, fitOptions, wideBeta } = await import('../examples/extending/preset.ts');
  expect(model.describe().encoder).toBe('linear 64 → 512, silu, linear 512 → 512, silu');
  expect([model.latentDim, fitOptions.binarization]).toEqual([16, 'dynamic']);
  expect(fitOptions.objective?.description).toContain('(2) · KL');
  expect(presets.map(({ name }) => name)).not.toContain(wideBeta.name);
});

describe('Laplace', () => {
  const [q, p] = [
    { loc: 0.4, scale: 0.7 },
    { loc: -0.5, scale: 1.3 },
  ];
  const density = (x: number, { loc, scale }: typeof q) => Math.exp(-Math.abs(x - loc) / scale) / (2 * scale);
  /** ∫ f by the midpoint rule, whose nodes avoid the kinks at loc. */
  const integral = (f: (x: number) => number) => {
    let total = 0;
    for (let x = -40; x < 40; x += 1e-4) total += f(x + 0.5e-4) * 1e-4;
    return total;
  };

  test('log-density, entropy and KL against quadrature', async () => {
    const program = await compile(
      ({ x }: { x: Tensor }) => {
        const [a, b] = [new Laplace(q), new Laplace(p)];
        return { logProb: a.logProb(x), entropy: a.entropy(), kl: analyticKl(a, b)! };
      },
      { x: spec([3]) },
      { runtime: interpreter },
    );
    const at = [-2, 0.4, 5];
    const { logProb, entropy, kl } = await program.run({ x: hostTensor(Float64Array.from(at), [3]) as never });
    at.forEach((x, i) => {
      expect(logProb.data[i]).toBeCloseTo(Math.log(density(x, q)), 12);
    });
    const exact = integral((x) => -density(x, q) * Math.log(density(x, q)));
    expect(Number(entropy.data[0])).toBeCloseTo(exact, 5);
    const divergence = integral((x) => density(x, q) * Math.log(density(x, q) / density(x, p)));
    expect(Number(kl.data[0])).toBeCloseTo(divergence, 5);
  });

  test('draws have its mean and mean absolute deviation', async () => {
    const n = 20_000;
    const program = await compile(
      (_: object, trace) => {
        const laplace = new Laplace({ loc: broadcastTo(constant(0.4), [n]), scale: 0.7 });
        return { draw: laplace.rsample(traceContext(trace, false).site('x')) };
      },
      {},
      { runtime: interpreter },
    );
    const rows = Int32Array.from({ length: n }, (_, i) => i);
    const { draw } = await program.run({}, { noise: { seed: 3, rows, draws: 0 } });
    const values = Array.from(draw.data, Number);
    const average = (f: (x: number) => number) => values.reduce((total, x) => total + f(x) / n, 0);
    // Four standard errors: the variance of x is 2 s², that of |x − loc| is s².
    expect(Math.abs(average((x) => x) - 0.4)).toBeLessThan((4 * 0.7 * Math.SQRT2) / Math.sqrt(n));
    expect(Math.abs(average((x) => Math.abs(x - 0.4)) - 0.7)).toBeLessThan((4 * 0.7) / Math.sqrt(n));
  });
});

test('capacity: the rate is held where the schedule leads it, and the ELBO is reported unchanged', async () => {
  const runtime = await nodeRuntime();
  const data = digits('train');
  const model = vae({ dataShape: data.shape, latentDim: 6, encoder: mlp([64]), decoder: mlp([64]) });
  const binarization = 'dynamic';
  const train = async (objective = elbo()) => {
    const training = fit(model, data, { runtime, objective, binarization, epochs: 20, batchSize: 50 });
    for await (const { train } of training) expect(train.elbo).toBeCloseTo(-train.rate - train.distortion, 3);
    return evaluate(model, training.params, data, { runtime, binarization, numSamples: 0 });
  };
  const free = await train();
  const held = await train(capacity({ nats: linearWarmup({ from: 0, to: 1.5, epochs: 5 }), strength: 20 }));
  expect(free.rate.value).toBeGreaterThan(2.5);
  expect(Math.abs(held.rate.value - 1.5)).toBeLessThan(0.3);
});
