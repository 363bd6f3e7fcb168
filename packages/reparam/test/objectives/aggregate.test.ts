import { foldIn, key, normalArray, type Tensor } from '@reparam/tensor';
import {
  betaTc,
  dip,
  elbo,
  gaussianLikelihood,
  infoVae,
  type KernelOptions,
  mlp,
  type Objective,
  type SymbolicParams,
  squaredMmd,
  traceContext,
  vae,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, expectMean, floats, moments } from '../support.ts';
import { atNoise, type Situation } from './atNoise.ts';
import { movedParams } from './movedParams.ts';

const [rows, latentDim, dataSize] = [6, 3, 4];
const net = () => mlp([5], { activation: 'tanh' });
const model = vae({
  dataShape: [dataSize],
  latentDim,
  encoder: net(),
  decoder: net(),
  likelihood: gaussianLikelihood({ scale: 0.7 }),
});
const normals = (name: string, shape: readonly [number, number]) =>
  floats(Array.from(normalArray(foldIn(key(5), name), shape[0] * shape[1])), shape);
/** Five examples and a row of padding. */
const real = 5;
const situation: Situation = {
  model,
  params: movedParams(model),
  x: normals('x', [rows, dataSize]),
  weights: Array.from({ length: rows }, (_, i) => (i < real ? 1 / real : 0)),
  noise: { z: normals('z', [rows, latentDim]), mmd: normals('mmd', [rows, latentDim]) },
  datasetSize: real,
};
const table = (values: readonly number[], columns: number) =>
  Array.from({ length: values.length / columns }, (_, i) => values.slice(i * columns, (i + 1) * columns));
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const average = (values: readonly number[]) => total(values) / values.length;

/** Means, standard deviations and draws of the real rows. */
async function codes() {
  const { loc, scale } = await compute(
    { params: situation.params, x: situation.x },
    (inputs: { params: SymbolicParams; x: Tensor }, trace) => {
      const q = model.encode(inputs.params, inputs.x, traceContext(trace, true)) as unknown as {
        base: { loc: Tensor; scale: Tensor };
      };
      return { loc: q.base.loc, scale: q.base.scale };
    },
  );
  const [means, deviations] = [table(loc!, latentDim), table(scale!, latentDim)];
  const noise = table(Array.from(situation.noise.z!.data, Number), latentDim);
  const z = means.map((m, i) => m.map((v, j) => v + deviations[i]![j]! * noise[i]![j]!));
  return { means: means.slice(0, real), deviations: deviations.slice(0, real), z: z.slice(0, real) };
}

const logNormal = (x: number, loc: number, scale: number) =>
  -0.5 * ((x - loc) / scale) ** 2 - Math.log(scale) - 0.5 * Math.log(2 * Math.PI);
const logPrior = (z: readonly number[]) => total(z.map((v) => logNormal(v, 0, 1)));

describe('β-TC', () => {
  /** Each term by brute force, component c of draw b weighing share(b, c). */
  async function bruteForce(share: (b: number, c: number) => number) {
    const { means, deviations, z } = await codes();
    const at = (b: number, c: number, j: number) => logNormal(z[b]![j]!, means[c]![j]!, deviations[c]![j]!);
    const dims = [0, 1, 2];
    const each = z.map((code, b) => {
      const own = total(dims.map((j) => at(b, b, j)));
      const joint = Math.log(total(z.map((_, c) => share(b, c) * Math.exp(total(dims.map((j) => at(b, c, j)))))));
      const product = total(dims.map((j) => Math.log(total(z.map((_, c) => share(b, c) * Math.exp(at(b, c, j)))))));
      return { mi: own - joint, tc: joint - product, kl: product - logPrior(code), own: own - logPrior(code) };
    });
    const mean = (pick: (row: (typeof each)[number]) => number) => average(each.map(pick));
    return { mi: mean((r) => r.mi), tc: mean((r) => r.tc), kl: mean((r) => r.kl), rate: mean((r) => r.own) };
  }

  test.each([
    ['stratified, the whole set: the exact mixture', 'stratified', real, () => 1 / real],
    ['stratified, a part', 'stratified', 40, (b: number, c: number) => (b === c ? 1 / 40 : 39 / (40 * 4))],
    ['weighted', 'weighted', 40, () => 1 / (40 * 5)],
  ] as const)('%s', async (_, estimator, datasetSize, share) => {
    const want = await bruteForce(share);
    const objective = betaTc({ alpha: 2, beta: 5, gamma: 0.5, estimator });
    const { loss, terms } = await atNoise(objective, { ...situation, datasetSize });
    const got = [terms.mutualInformation!, terms.totalCorrelation!, terms.dimensionwiseKl!];
    expectClose(got, [want.mi, want.tc, want.kl], 1e-9);
    expect(loss).toBeCloseTo(terms.distortion! + 2 * want.mi + 5 * want.tc + 0.5 * want.kl, 9);
    expect(total(got)).toBeCloseTo(want.rate, 9);
    expect(terms.elbo).toBeCloseTo((await atNoise(elbo(), situation)).terms.elbo!, 12);
  });

  test('over all batches of two others the stratified weights make the exact mixture', () => {
    const density = [0.3, 1.7, 0.02, 2.4, 0.9];
    const others = [1, 2, 3, 4].flatMap((a) => [1, 2, 3, 4].filter((b) => b > a).map((b) => [a, b]));
    const estimates = others.map(([a, b]) => density[0]! / 5 + (4 / (5 * 2)) * (density[a!]! + density[b!]!));
    expect(average(estimates)).toBeCloseTo(average(density), 12);
  });

  test('at α = β = γ = 1 the loss is the ELBO with every term sampled, gradient included', async () => {
    const got = await atNoise(betaTc({ beta: 1 }), situation);
    const want = await atNoise(elbo({ kl: 'sampled' }), situation);
    expect(got.loss).toBeCloseTo(want.loss, 9);
    for (const [path, values] of Object.entries(want.gradient)) expectClose(got.gradient[path]!, values, 1e-9);
  });

  test('one real row in its batch', async () => {
    const weights = [1, 0, 0, 0, 0, 0];
    const { loss, terms } = await atNoise(betaTc(), { ...situation, weights, datasetSize: 5 });
    expect(terms.mutualInformation).toBeCloseTo(Math.log(5), 9);
    expect(Number.isFinite(loss)).toBe(true);
  });
});

describe('maximum mean discrepancy', () => {
  const kernels = {
    imq: (r2: number, h: number) => (2 * h * h) / (2 * h * h + r2),
    rbf: (r2: number, h: number) => Math.exp(-r2 / (2 * h * h)),
  };
  const mmd = async (
    a: number[][],
    b: number[][],
    weights: number[],
    kernel: KernelOptions,
    estimator: 'unbiased' | 'biased',
  ) => {
    const d = a[0]!.length;
    const inputs = { a: floats(a.flat(), [a.length, d]), b: floats(b.flat(), [b.length, d]), weights: floats(weights) };
    const { value } = await compute(inputs, (t: { a: Tensor; b: Tensor; weights: Tensor }) => ({
      value: squaredMmd(t.a, t.b, t.weights, kernel, estimator),
    }));
    return value![0]!;
  };

  test.each([
    ['imq', undefined],
    ['imq', 0.6],
    ['rbf', undefined],
    ['rbf', 1.3],
  ] as const)('%s, bandwidth %s: both estimators against sums over pairs', async (kind, bandwidth) => {
    const { z } = await codes();
    const prior = table(Array.from(situation.noise.mmd!.data, Number), latentDim);
    const k = (a: readonly number[], b: readonly number[]) =>
      kernels[kind](total(a.map((v, j) => (v - b[j]!) ** 2)), bandwidth ?? Math.sqrt(latentDim));
    const samples = [z, prior.slice(0, real)] as const;
    const within = (own: number[][], isUnbiased: boolean) =>
      total(own.flatMap((a, i) => own.map((b, j) => (isUnbiased && i === j ? 0 : k(a, b))))) /
      (isUnbiased ? real * (real - 1) : real ** 2);
    const between = average(z.flatMap((a) => samples[1].map((b) => k(a, b))));
    for (const estimator of ['unbiased', 'biased'] as const) {
      const want = total(samples.map((s) => within(s, estimator === 'unbiased'))) - 2 * between;
      const objective = infoVae({ alpha: 0.7, lambda: 9, kernel: { kind, bandwidth }, estimator });
      const { loss, terms } = await atNoise(objective, situation);
      expect(terms.mmd).toBeCloseTo(want, 10);
      expect(loss).toBeCloseTo(terms.distortion! + 0.3 * terms.rate! + 8.7 * want, 9);
    }
  });

  test('unbiased: mean 0 for two samples of one distribution; biased: never negative; both see a shift', async () => {
    const weights = new Array<number>(8).fill(1 / 8);
    const sample = (name: string, shift = 0) =>
      table(
        Array.from(normalArray(foldIn(key(3), name), 16), (v) => v + shift),
        2,
      );
    const unbiased: number[] = [];
    for (let i = 0; i < 60; i++) {
      const [a, b] = [sample(`a${i}`), sample(`b${i}`)];
      unbiased.push(await mmd(a, b, weights, {}, 'unbiased'));
      expect(await mmd(a, b, weights, {}, 'biased')).toBeGreaterThan(0);
    }
    expectMean(unbiased, 0);
    expect(Math.min(...unbiased)).toBeLessThan(0);
    expect(await mmd(sample('a'), sample('b', 2), weights, {}, 'unbiased')).toBeGreaterThan(
      10 * moments(unbiased).standardError,
    );
  });

  test('at alpha 0 and lambda 1 InfoVAE is the ELBO; at alpha 1 the rate is gone', async () => {
    const want = await atNoise(elbo(), situation);
    const got = await atNoise(infoVae({ alpha: 0, lambda: 1 }), situation);
    expect(got.loss).toBeCloseTo(want.loss, 12);
    for (const [path, values] of Object.entries(want.gradient)) expectClose(got.gradient[path]!, values, 1e-12);
    const wae = await atNoise(infoVae({ alpha: 1, lambda: 20 }), situation);
    expect(wae.loss).toBeCloseTo(wae.terms.distortion! + 20 * wae.terms.mmd!, 12);
  });
});

describe('DIP-VAE', () => {
  test.each(['i', 'ii'] as const)('%s: the covariance by hand', async (variant) => {
    const { means, deviations } = await codes();
    const centre = [0, 1, 2].map((j) => average(means.map((m) => m[j]!)));
    const c = [0, 1, 2].map((i) =>
      [0, 1, 2].map((j) => {
        const ofMeans = average(means.map((m) => (m[i]! - centre[i]!) * (m[j]! - centre[j]!)));
        return variant === 'ii' && i === j ? ofMeans + average(deviations.map((s) => s[i]! ** 2)) : ofMeans;
      }),
    );
    const off = total(c.flatMap((line, i) => line.map((v, j) => (i === j ? 0 : v * v))));
    const on = total(c.map((line, i) => (line[i]! - 1) ** 2));
    const { loss, terms } = await atNoise(dip({ variant, offDiagonal: 3, diagonal: 2 }), situation);
    expectClose([terms.covarianceOffDiagonal!, terms.covarianceDiagonal!], [off, on], 1e-10);
    expect(loss).toBeCloseTo(-terms.elbo! + 3 * off + 2 * on, 9);
    expect(off).toBeGreaterThan(1e-3);
  });

  test('the diagonal weighs ten times as much in I, and as much in II', () => {
    expect(dip({ variant: 'i', offDiagonal: 4 }).description).toContain('− 4 · Σ_{i≠j} C_ij² − 40 ·');
    expect(dip({ variant: 'ii', offDiagonal: 4 }).description).toContain('− 4 · Σ_{i≠j} C_ij² − 4 ·');
  });
});

test.each([
  [() => betaTc({ beta: -1 }), 'beta: got -1, expected a number, 0 or more'],
  [() => betaTc({ estimator: 'exact' as never }), 'estimator: got exact, expected stratified or weighted'],
  [() => infoVae({ alpha: 2 }), 'got alpha 2, lambda 100, expected alpha at most 1'],
  [() => infoVae({ alpha: -3, lambda: 1 }), 'alpha + lambda − 1 not negative'],
  [() => infoVae({ kernel: { kind: 'laplace' as never } }), 'kernel: got laplace, expected imq or rbf'],
  [() => infoVae({ kernel: { bandwidth: 0 } }), 'bandwidth of the kernel: got 0, expected a positive number'],
  [() => infoVae({ estimator: 'v' as never }), 'estimator: got v, expected unbiased or biased'],
  [() => dip({ variant: 'iii' as never }), 'variant of DIP-VAE: got iii, expected i or ii'],
  [() => dip({ diagonal: -1 }), 'diagonal: got -1, expected a number, 0 or more'],
] as [() => Objective, string][])('%s is refused', (make, message) => {
  expect(make).toThrow(message);
});
