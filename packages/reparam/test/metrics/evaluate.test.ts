import { hostTensor, interpreter, key, normalArray, type Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  columnMoments,
  createDataset,
  type Dataset,
  digits,
  estimate,
  evaluate,
  type HostParams,
  importanceLogLikelihood,
  linearGaussian,
  mlp,
  take,
  vae,
} from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';
import { expectMean, moments } from '../support.ts';
import { average, linearVae, linearVaeElbos, linearVaeParams } from './linearVae.ts';

const width = 5;
const latentDim = 2;
const rows = 300;
const numbersOf = (seed: number, n: number) => Float64Array.from(normalArray(key(seed), n));

/** Correlated columns of W: the best diagonal posterior is not the exact one, and the ELBO lies below log p(x). */
const exact = linearGaussian({
  mean: numbersOf(1, width),
  components: numbersOf(2, width * latentDim),
  noiseVariance: 0.4,
});
const dataset: Dataset = createDataset({
  name: 'linear',
  data: Float32Array.from(exact.sample(key(3), rows)),
  shape: [width],
});
const matrix = { data: dataset.data, rows, columns: width };
const model = linearVae([width], latentDim);
const params = linearVaeParams(exact);
const run = { seed: 5, draw: 0 };

describe('a linear Gaussian model, everything known', () => {
  test('the closed forms agree: the ELBO of the best encoder', () => {
    expect(average(linearVaeElbos(params, matrix))).toBeCloseTo(exact.elbo(matrix), 9);
    expect(exact.elbo(matrix)).toBeLessThan(exact.logLikelihood(matrix) - 0.01);
    expect(average(linearVaeElbos(linearVaeParams(exact, 1.2), matrix))).toBeLessThan(exact.elbo(matrix));
  });

  test('evaluate: every figure and its standard error', async () => {
    const got = await evaluate(model, params, dataset, {
      runtime: interpreter,
      numSamples: 50,
      batchSize: 64,
      seed: 1,
    });
    const elbos = linearVaeElbos(params, matrix);
    // One draw of z a row around the row's expectation.
    expect(Math.abs(got.elbo.value - average(elbos))).toBeLessThan(4 * got.elbo.standardError);
    expect(got.elbo.standardError).toBeGreaterThan(moments([...elbos]).standardError * 0.9);
    expect(got.elbo.value).toBeCloseTo(-got.rate.value - got.distortion.value, 6);
    expect(got.klPerDimension!.reduce((a, b) => a + b)).toBeCloseTo(got.rate.value, 6);
    expect(got.klPerDimension!.length).toBe(latentDim);
    const likelihood = moments([...exact.logLikelihoods(matrix)]);
    expect(Math.abs(got.logLikelihood!.value - likelihood.mean)).toBeLessThan(0.05);
    expect(got.logLikelihood!.standardError).toBeCloseTo(likelihood.standardError, 2);
    expect(got.logLikelihood!.value).toBeGreaterThan(got.elbo.value);
    expect(got).toMatchObject({ numExamples: rows, numSamples: 50, activeUnits: 2, unit: 'nats/example' });
    // The rate, with KL in closed form, has no noise at all.
    const means = exact.posteriorMean(matrix);
    const inner = [0, 1].map((j) => exact.noiseVariance + numbersSquared(j));
    const rates = Array.from({ length: rows }, (_, r) =>
      inner.reduce((t, m, j) => {
        const v = exact.noiseVariance / m;
        return t + 0.5 * (means[r * latentDim + j]! ** 2 + v - 1 - Math.log(v));
      }, 0),
    );
    expect(got.rate.value).toBeCloseTo(average(rates), 6);
    expect(got.rate.standardError).toBeCloseTo(moments(rates).standardError, 6);
  });
  const numbersSquared = (j: number) =>
    Array.from({ length: width }, (_, i) => exact.components[i * latentDim + j]! ** 2).reduce((a, b) => a + b);

  // With one latent dimension q is the posterior itself and all weights are alike: one sample too many, or too few, would show.
  test.each([1, 130, 1203])('%i samples, whatever chunks they are cut into: the exact value', async (numSamples) => {
    const single = linearGaussian({ mean: exact.mean, components: numbersOf(4, width), noiseVariance: 0.4 });
    const some = take(dataset, 20);
    const options = { runtime: await nodeRuntime(), numSamples, ...run };
    const got = await importanceLogLikelihood(linearVae([width], 1), linearVaeParams(single), some, options);
    const wanted = single.logLikelihoods({ data: some.data, rows: 20, columns: width });
    got.logLikelihood.forEach((value, i) => {
      expect(Math.abs(value - wanted[i]!)).toBeLessThan(1e-4);
    });
    expect(Math.max(...got.standardError)).toBeLessThan(1e-3);
  });

  test('neither batch size nor order of rows changes a figure', async () => {
    const runtime = await nodeRuntime();
    const [a, b] = await Promise.all(
      [7, 300].map((batchSize) => evaluate(model, params, dataset, { runtime, numSamples: 20, batchSize })),
    );
    for (const name of ['elbo', 'rate', 'distortion', 'logLikelihood'] as const) {
      expect(a![name]!.value).toBeCloseTo(b![name]!.value, 5);
      expect(a![name]!.standardError).toBeCloseTo(b![name]!.standardError, 5);
    }
  });

  test('without samples there is no log-likelihood', async () => {
    const got = await evaluate(model, params, dataset, { runtime: interpreter, numSamples: 0 });
    expect('logLikelihood' in got).toBe(false);
    expect(got.numSamples).toBe(0);
  });
});

describe.each([
  ['interpreter', async (): Promise<Runtime> => interpreter],
  ['onnxruntime-node', () => nodeRuntime()],
] as const)('importance sampling on %s', (_, open) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await open();
  });
  const few = take(dataset, 60);
  const truth = exact.logLikelihoods({ ...matrix, data: few.data, rows: few.size });
  const sample = (numSamples: number, widen = 1.3, seed = 5) =>
    importanceLogLikelihood(model, linearVaeParams(exact, widen), few, { runtime, numSamples, ...run, seed });

  test('each example lies within its own standard errors of log p(x)', async () => {
    // 53 is prime (one sample a step), 1000 goes in chunks.
    for (const numSamples of [53, 1000]) {
      const { logLikelihood, standardError } = await sample(numSamples);
      const scores = Array.from(logLikelihood, (l, i) => (l - truth[i]!) / standardError[i]!);
      expect(Math.max(...scores.map(Math.abs))).toBeLessThan(5);
      // Standardised errors have variance 1: with 60 of them, ½ and 2 are 2.7 and 5.4 deviations away.
      const { variance } = moments(scores);
      expect(variance).toBeGreaterThan(0.5);
      expect(variance).toBeLessThan(2);
      expect(average(standardError)).toBeLessThan(numSamples === 53 ? 0.2 : 0.04);
    }
  });

  test('the standard error is the spread over seeds', async () => {
    const seeds = Array.from({ length: 40 }, (_, i) => i);
    const estimates = await Promise.all(seeds.map((seed) => sample(200, 1.3, seed)));
    for (const row of [0, 17, 59]) {
      const spread = Math.sqrt(moments(estimates.map(({ logLikelihood }) => logLikelihood[row]!)).variance);
      const told = average(estimates.map(({ standardError }) => standardError[row]!));
      expect(told / spread).toBeGreaterThan(0.65);
      expect(told / spread).toBeLessThan(1.5);
    }
  });

  test('the mean estimate rises with the number of samples and stays below log p(x)', async () => {
    const means: number[] = [];
    for (const k of [1, 5, 400]) means.push(average((await sample(k, 1.6)).logLikelihood));
    expect([...means].sort((a, b) => a - b)).toEqual(means);
    expect(means[0]).toBeLessThan(average(truth) - 0.05);
    expect(Math.abs(means[2]! - average(truth))).toBeLessThan(0.02);
  });
});

test('with the exact posterior one sample is enough', async () => {
  // Orthogonal columns: M is diagonal and so is the posterior.
  const components = Float64Array.from([1, 0, 0, 2, -1, 0, 0.5, 0, 0, 0]);
  const orthogonal = linearGaussian({ mean: numbersOf(1, width), components, noiseVariance: 0.4 });
  const { logLikelihood, standardError } = await importanceLogLikelihood(
    linearVae([width], latentDim),
    linearVaeParams(orthogonal),
    dataset,
    { runtime: interpreter, numSamples: 3, ...run },
  );
  const truth = orthogonal.logLikelihoods(matrix);
  truth.forEach((l, i) => {
    expect(Math.abs(logLikelihood[i]! - l)).toBeLessThan(1e-5);
  });
  expect(Math.max(...standardError)).toBeLessThan(1e-6);
});

test('a unit is active when its posterior mean varies by more than 0.01', async () => {
  // The code is the example itself, so that the variance of its columns is known.
  const deviations = [0.0099, 0.0101].map(Math.sqrt);
  const data = Float32Array.from({ length: 200 }, (_, i) => 3 + deviations[i % 2]! * ((i >> 1) % 2 ? 1 : -1));
  const codes = createDataset({ name: 'codes', data, shape: [2] });
  const identity = linearGaussian({
    mean: new Float64Array(2),
    components: Float64Array.of(1, 0, 0, 1),
    noiseVariance: 1,
  });
  const start = linearVaeParams(identity);
  const loc = { weight: hostTensor(Float32Array.of(1, 0, 0, 1), [2, 2]), bias: hostTensor(new Float32Array(2), [2]) };
  const params = { ...start, posterior: { ...(start.posterior as HostParams), loc } };
  const got = await evaluate(linearVae([2], 2), params, codes, { runtime: interpreter, numSamples: 0 });
  expect(got.activeUnits).toBe(1);
  expect(got.activeDimensions).toEqual([1]);
  expect(got.collapsedDimensions).toEqual([0]);
});

test('evaluation draws are not those of training, and bits are drawn once for all figures', async () => {
  const bernoulli = vae({ dataShape: [8, 8], latentDim: 2, encoder: mlp([5]), decoder: mlp([5]) });
  const start = bernoulli.init(key(1));
  const runtime = await nodeRuntime();
  const figures = async (seed: number) =>
    evaluate(bernoulli, start, take(digits(), 50), { runtime, numSamples: 5, binarization: 'dynamic', seed });
  expect(await figures(1)).toEqual(await figures(1));
  expect((await figures(2)).elbo.value).not.toBe((await figures(1)).elbo.value);
});

test('statistics: mean, its standard error, moments of columns', () => {
  const values = [3, -1, 4, 1, -5];
  const { mean, standardError } = moments(values);
  expect(estimate(values).value).toBeCloseTo(mean, 12);
  expect(estimate(values).standardError).toBeCloseTo(standardError, 12);
  expect(estimate([2]).standardError).toBeNaN();
  const columns = columnMoments([1, 10, 3, 10, 5, 40], 2);
  expect([...columns.mean]).toEqual([3, 20]);
  expect(columns.variance[0]).toBeCloseTo(8 / 3, 12);
  expect(columns.variance[1]).toBeCloseTo(200, 12);
  expectMean(values, mean);
});

test.each([-1, 1.5, Number.NaN])('numSamples %d is refused', async (numSamples) => {
  await expect(evaluate(model, params, dataset, { runtime: interpreter, numSamples })).rejects.toThrow(
    `numSamples: got ${numSamples}, expected a whole number, 0 or more`,
  );
});

test('data of another size, or that no Bernoulli has, is refused', async () => {
  const options = { runtime: interpreter, numSamples: 0 };
  await expect(evaluate(model, params, digits(), options)).rejects.toThrow(
    'examples are not of the size the model was made for (digits): got [8, 8], expected [5]',
  );
  const bernoulli = vae({ dataShape: [5], latentDim: 2, encoder: mlp([]), decoder: mlp([]) });
  await expect(evaluate(bernoulli, bernoulli.init(key(0)), dataset, options)).rejects.toThrow(
    'a Bernoulli likelihood needs values in [0, 1] (linear)',
  );
});

test('estimates long enough to be shared among threads are those of one thread, bit for bit', async () => {
  const some = take(dataset, 50);
  const options = { ...run, numSamples: 20_000 };
  const [one, two] = await Promise.all(
    [1, 2].map(async (threads) =>
      importanceLogLikelihood(model, params, some, { ...options, runtime: await nodeRuntime({ threads }) }),
    ),
  );
  expect(two).toEqual(one);
  const signal = AbortSignal.timeout(50);
  const aborted = importanceLogLikelihood(model, params, some, {
    ...options,
    numSamples: 2_000_000,
    runtime: await nodeRuntime({ threads: 2 }),
    signal,
  });
  await expect(aborted).rejects.toThrow(/abort|timeout/i);
});
