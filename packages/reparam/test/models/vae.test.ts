import { flatten, foldIn, type HostTensor, key, type Tensor } from '@reparam/tensor';
import {
  bernoulliLikelihood,
  diagonalNormal,
  gaussianLikelihood,
  type HostParams,
  type Likelihood,
  linear,
  mlp,
  type SymbolicParams,
  sharedVarianceNormal,
  traceContext,
  vae,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats, moments, numbers } from '../support.ts';

const options = {
  dataShape: [2, 3],
  latentDim: 2,
  encoder: mlp([4]),
  decoder: mlp([5], { activation: 'tanh' }),
} as const;
const shapesOf = (params: HostParams) =>
  Object.fromEntries(flatten<HostTensor>(params).map(([path, t]) => [path, t.shape]));

const apply = async (w: HostTensor, b: HostTensor, x: readonly number[]) => {
  const columns = w.shape[1]!;
  return numbers(b).map((bias, o) => x.reduce((t, v, i) => t + v * Number(w.data[o * columns + i]), bias));
};

describe('parameters', () => {
  test('names and shapes', () => {
    expect(shapesOf(vae(options).init(key(0)))).toEqual({
      'encoder.0.weight': [4, 6],
      'encoder.0.bias': [4],
      'posterior.weight': [4, 4],
      'posterior.bias': [4],
      'decoder.0.weight': [5, 2],
      'decoder.0.bias': [5],
      'output.weight': [6, 5],
      'output.bias': [6],
    });
    const shared = vae({ ...options, posterior: sharedVarianceNormal(), likelihood: gaussianLikelihood() });
    expect(shapesOf(shared.init(key(0)))).toMatchObject({
      'posterior.loc.weight': [2, 4],
      'posterior.logVariance': [2],
      'likelihood.logScale': [],
    });
    const each = vae({ ...options, likelihood: gaussianLikelihood({ scale: 'per-dimension', initialScale: 2 }) });
    const { logScale } = each.init(key(0)).likelihood as { logScale: HostTensor };
    expectClose(numbers(logScale), new Array(6).fill(Math.log(2)), 1e-7);
    expect(
      'likelihood.logScale' in shapesOf(vae({ ...options, likelihood: gaussianLikelihood({ scale: 1 }) }).init(key(0))),
    ).toBe(false);
  });

  test('the key decides them, and a part keeps its numbers when another changes', () => {
    const make = (seed: number, changes = {}) => vae({ ...options, ...changes }).init(key(seed));
    expect(make(1)).toEqual(make(1));
    expect(make(1).encoder).not.toEqual(make(2).encoder);
    expect(make(1, { decoder: mlp([7, 7]) }).encoder).toEqual(make(1).encoder);
  });

  test('both halves of a posterior start as layers of their own', () => {
    const params = diagonalNormal().init(key(4), 300, 50) as { weight: HostTensor; bias: HostTensor };
    const half = (name: string) => linear(50).init(foldIn(key(4), name), [300]) as { weight: HostTensor };
    expect([...params.weight.data]).toEqual([...half('loc').weight.data, ...half('logVariance').weight.data]);
    expect(moments(numbers(params.weight)).variance).toBeCloseTo(2 / 350, 4);
  });
});

describe('initial bias of the output', () => {
  const dataMean = Float64Array.from([0, 1, 0.5, 0.1, 0.9, 0.3]);
  const table: readonly (readonly [string, Likelihood, number[]])[] = [
    [
      'logits of a Bernoulli, finite where a pixel never changes',
      bernoulliLikelihood(),
      [...dataMean].map((p) => Math.log(Math.min(Math.max(p, 1e-3), 0.999) / (1 - Math.min(Math.max(p, 1e-3), 0.999)))),
    ],
    ['means of a Gaussian', gaussianLikelihood(), [...dataMean]],
  ];
  test.each(table)('%s', (_, likelihood, want) => {
    const { output } = vae({ ...options, likelihood }).init(key(0), { dataMean }) as { output: { bias: HostTensor } };
    expectClose(numbers(output.bias), want, 1e-6);
  });
});

test('encode and decode are the nets by hand', async () => {
  const model = vae({ ...options, likelihood: gaussianLikelihood({ scale: 'per-dimension', initialScale: 0.7 }) });
  const params = model.init(key(6)) as Record<string, Record<string, HostTensor & Record<string, HostTensor>>>;
  const x = [0.2, 1, 0, 0.4, 0.9, 0.5];
  const z = [0.3, -1.2];
  const got = await compute(
    { params, x: floats(x, [1, 6]), z: floats(z, [1, 2]) },
    (inputs: { params: SymbolicParams; x: Tensor; z: Tensor }, trace) => {
      const context = traceContext(trace, false);
      const q = model.encode(inputs.params, inputs.x, context);
      const p = model.decode(inputs.params, inputs.z, context);
      return {
        loc: q.mean,
        logQ: q.logProb(inputs.z),
        logPrior: model.prior(inputs.params, context).logProb(inputs.z),
        mean: p.mean,
        logP: p.logProb(inputs.x),
      };
    },
  );
  const layer = (part: string, name?: string) => {
    const own = (name === undefined ? params[part] : params[part]![name]) as unknown as {
      weight: HostTensor;
      bias: HostTensor;
    };
    return (v: readonly number[]) => apply(own.weight, own.bias, v);
  };
  const logNormal = (v: number, m: number, s: number) =>
    -0.5 * ((v - m) / s) ** 2 - Math.log(s) - 0.5 * Math.log(2 * Math.PI);
  const total = (terms: readonly number[]) => terms.reduce((a, b) => a + b);
  const hidden = (await layer('encoder', '0')(x)).map((v) => Math.max(0, v));
  const [m0, m1, l0, l1] = (await layer('posterior')(hidden)) as [number, number, number, number];
  expectClose(got.loc, [m0, m1], 1e-12);
  expectClose(got.logQ, [logNormal(z[0]!, m0, Math.exp(l0 / 2)) + logNormal(z[1]!, m1, Math.exp(l1 / 2))], 1e-12);
  expectClose(got.logPrior, [total(z.map((v) => logNormal(v, 0, 1)))], 1e-12);
  const mean = await layer('output')((await layer('decoder', '0')(z)).map(Math.tanh));
  expectClose(got.mean, mean, 1e-12);
  expectClose(got.logP, [total(x.map((v, i) => logNormal(v, mean[i]!, 0.7)))], 1e-7);
});

test('the variance of a shared-variance posterior is the same for every x', async () => {
  const model = vae({ ...options, posterior: sharedVarianceNormal() });
  const params = { ...model.init(key(6)) };
  (params.posterior as Record<string, HostTensor>).logVariance = floats([-1, 0.5]);
  const { entropy } = await compute(
    { params, x: floats([1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0], [2, 6]) },
    (inputs: { params: SymbolicParams; x: Tensor }, trace) => ({
      entropy: model.encode(inputs.params, inputs.x, traceContext(trace, false)).entropy(),
    }),
  );
  expectClose(entropy, new Array(2).fill(Math.log(2 * Math.PI * Math.E) + 0.5 * (-1 + 0.5)), 1e-12);
});

test('the parts in words', () => {
  expect(vae(options).describe()).toEqual({
    prior: 'N(0, I)',
    posterior: 'N(μ(x), diag σ²(x))',
    likelihood: 'Bernoulli',
    encoder: 'linear 6 → 4, relu',
    decoder: 'linear 2 → 5, tanh, linear 5 → 6',
  });
  expect(vae({ ...options, encoder: mlp([]), decoder: mlp([]) }).describe()).toMatchObject({
    encoder: 'identity',
    decoder: 'linear 2 → 6',
  });
});

test.each([
  [() => vae({ ...options, latentDim: 0 }), 'latentDim: got 0, expected a positive integer'],
  [() => vae({ ...options, latentDim: 1.5 }), 'latentDim: got 1.5'],
  [() => gaussianLikelihood({ scale: 0 }), 'scale of a Gaussian likelihood: got 0, expected a positive number'],
  [() => gaussianLikelihood({ scale: -1 }), 'got -1'],
  [() => gaussianLikelihood({ initialScale: Number.NaN }), 'got NaN'],
  [() => gaussianLikelihood({ scale: Number.POSITIVE_INFINITY }), 'got Infinity'],
] as const)('%s is refused', (make, message) => {
  expect(make).toThrow(message);
});
