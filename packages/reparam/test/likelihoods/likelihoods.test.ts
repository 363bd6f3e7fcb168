import { constant, hostTensor, key, mapTree, type Tensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  bernoulliLikelihood,
  buildModel,
  buildRecipe,
  categoricalLikelihood,
  chooseBinarization,
  continuousBernoulliLikelihood,
  createDataset,
  type Dataset,
  digits,
  discretizedLogisticLikelihood,
  evaluate,
  findPreset,
  fit,
  gaussianLikelihood,
  type HostParams,
  type Likelihood,
  type LikelihoodConfig,
  laplaceLikelihood,
  negativeBinomialLikelihood,
  poissonLikelihood,
  requireData,
  type SymbolicParams,
  sample,
  take,
  zeroInflatedNegativeBinomialLikelihood,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats } from '../support.ts';

const fractions = [0.02, 0.13, 0.5, 0.74, 0.97];
const amounts = [0.02, 0.9, 3, 16, 250];
// What a mean may be off by: the outputs are float32, and the logistic's start is solved in the continuous limit.
const starts: readonly (readonly [string, Likelihood, number[], number])[] = [
  ['bernoulli', bernoulliLikelihood(), fractions, 1e-6],
  ['gaussian', gaussianLikelihood(), amounts, 1e-6],
  ['laplace', laplaceLikelihood(), amounts, 1e-6],
  ['continuous bernoulli', continuousBernoulliLikelihood(), fractions, 1e-6],
  ['categorical', categoricalLikelihood(), fractions, 1e-6],
  ['discretised logistic', discretizedLogisticLikelihood(), fractions, 1e-5],
  ['mixture of logistics', discretizedLogisticLikelihood({ components: 3 }), fractions, 1e-5],
  ['poisson', poissonLikelihood(), amounts, 1e-6],
  ['negative binomial', negativeBinomialLikelihood(), amounts, 1e-6],
  ['negative binomial per value', negativeBinomialLikelihood({ dispersion: 'per-value' }), amounts, 1e-6],
  ['zero-inflated', zeroInflatedNegativeBinomialLikelihood({ dispersion: 'shared' }), amounts, 1e-6],
  ['zero-inflated per value', zeroInflatedNegativeBinomialLikelihood({ dispersion: 'per-value' }), amounts, 1e-6],
];

const symbolic = (params: HostParams) =>
  mapTree(params, (leaf) => constant(leaf as never)) as unknown as SymbolicParams;

describe.each(starts)('%s', (_, likelihood, means, tolerance) => {
  test('at its initial bias the mean is that of the data; probabilities there are finite', async () => {
    const bias = likelihood.initialBias(Float64Array.from(means));
    expect(bias.length).toBe(likelihood.outputsPerValue * means.length);
    const params = likelihood.init(means.length);
    const x = likelihood.support === 'binary' || likelihood.support === 'byte' ? means.map(Math.round) : means;
    const at = likelihood.support === 'count' ? x.map(Math.round) : x;
    const got = await compute(
      { output: floats([...bias, ...bias], [2, bias.length]), x: floats([...at, ...at], [2, at.length]) },
      ({ output, x: value }: { output: Tensor; x: Tensor }) => {
        const d = likelihood.distribution(symbolic(params), output);
        expect([d.batchShape, d.eventRank]).toEqual([[2], 1]);
        return { mean: d.mean, logProb: d.logProb(value) };
      },
    );
    expectClose(got.mean, [...means, ...means], tolerance);
    expect(got.logProb.every(Number.isFinite)).toBe(true);
    expect(got.logProb[0]).toBe(got.logProb[1]);
  });

  test('means of 0 and 1 start at finite outputs', () => {
    const bias = likelihood.initialBias(Float64Array.of(0, 1));
    expect([...bias].filter((b) => !(Math.abs(b) < 130))).toEqual([]);
  });
});

describe('outputs are parameter-major', () => {
  test('the first D numbers are the first parameter of every value', async () => {
    const likelihood = zeroInflatedNegativeBinomialLikelihood({ dispersion: 'per-value' });
    const got = await compute(
      { output: floats([Math.log(3), Math.log(5), 0, 100, 0, 0], [1, 6]) },
      ({ output }: { output: Tensor }) => ({ mean: likelihood.distribution({}, output).mean }),
    );
    // (1 − σ(0)) · 3 and (1 − σ(100)) · 5.
    expectClose(got.mean, [1.5, 0], 1e-12);
  });

  test('components of a mixture are rows of each parameter', async () => {
    const likelihood = discretizedLogisticLikelihood({ components: 2 });
    // Weights (1, 0) and (0, 1); centres (0.2, 0.9) and (0.1, 0.6); tiny scales, but not below the least.
    const rows = [50, -50, -50, 50, 51 / 255, 26 / 255, 230 / 255, 153 / 255, -20, -20, -20, -20];
    const got = await compute({ output: floats(rows, [1, 12]) }, ({ output }: { output: Tensor }) => ({
      mean: likelihood.distribution({}, output).mean,
      logProb: likelihood.distribution({}, output).logProb(constant(hostTensor(Float32Array.of(0.2, 0.6), [1, 2]))),
    }));
    expectClose(got.mean, [0.2, 0.6], 1e-4);
    // At the least scale e^-7 a bin at the centre has tanh(e^7 / 1020) of the mass.
    expectClose(got.logProb, [2 * Math.log(Math.tanh(Math.exp(7) / 1020))], 1e-4);
  });
});

const grey = digits();
const counts: Dataset = { ...digits(), scale: 1 };
const byteData = createDataset({
  name: 'bytes',
  data: grey.data.slice(0, 200 * 64).map((v) => Math.min(255, v * 16)) as Uint8Array,
  shape: [8, 8],
  scale: 1 / 255,
});
const table: readonly (readonly [LikelihoodConfig, Dataset])[] = [
  [{ kind: 'categorical' }, byteData],
  [{ kind: 'discretized-logistic' }, byteData],
  [{ kind: 'discretized-logistic', components: 3 }, byteData],
  [{ kind: 'continuous-bernoulli' }, grey],
  [{ kind: 'laplace', scale: 'shared' }, grey],
  [{ kind: 'poisson' }, counts],
  [{ kind: 'negative-binomial', dispersion: 'shared' }, counts],
  [{ kind: 'negative-binomial', dispersion: 'per-value' }, counts],
  [{ kind: 'zero-inflated-negative-binomial' }, counts],
];

describe('data and likelihood', () => {
  const real = createDataset({ name: 'real', data: Float32Array.of(0.5, 1.5, -1, 0), shape: [2] });
  const wholeFloats = createDataset({ name: 'counts', data: Float32Array.of(0, 3, 1000, 2), shape: [2] });

  test.each<[LikelihoodConfig, Dataset, RegExp]>([
    [{ kind: 'categorical' }, grey, /expected bytes at scale 1\/255/],
    [{ kind: 'discretized-logistic' }, real, /got numbers at scale 1, values from -1 to 1.5/],
    [{ kind: 'continuous-bernoulli' }, real, /expected values in \[0, 1\]/],
    [{ kind: 'continuous-bernoulli' }, counts, /values from 0 to 16/],
    [{ kind: 'poisson' }, grey, /expected whole numbers.*set data.scale=1/],
    [{ kind: 'zero-inflated-negative-binomial' }, real, /expected whole numbers/],
    [{ kind: 'negative-binomial' }, createDataset({ ...real, data: Float32Array.of(0, 0.5) }), /whole numbers/],
  ])('%j refuses %s', (likelihood, data, message) => {
    expect(() => chooseBinarization(likelihood, data)).toThrow(message);
    const config = { ...findPreset('vae').recipe.model, likelihood, hidden: [3], latentDim: 2 };
    expect(() => requireData(buildModel(config, data.shape), data)).toThrow(message);
  });

  test.each(table)('%j binarises nothing, and refuses to', (likelihood, data) => {
    expect(chooseBinarization(likelihood, data)).toEqual({ binarization: 'none', warnings: [] });
    if (likelihood.kind === 'laplace') return;
    expect(() => chooseBinarization(likelihood, data, 'dynamic')).toThrow(/not for bits/);
  });

  test('whole numbers as floats are counts', () => {
    expect(chooseBinarization({ kind: 'poisson' }, wholeFloats).binarization).toBe('none');
  });

  test('log1p as the encoder’s input is for counts', () => {
    const { model } = findPreset('vae').recipe;
    expect(() => buildModel({ ...model, encoderInput: 'log1p' }, [4])).toThrow(/for counts/);
    const likelihood = { kind: 'poisson' } as const;
    const { encoder } = buildModel({ ...model, encoderInput: 'log1p', likelihood }, [4]).describe();
    expect(encoder).toMatch(/^log1p, linear 4 → 200/);
  });
});

describe('training on digits', () => {
  test.each(table)('%j: the loss falls and stays finite; evaluation and samples', async (likelihood, data) => {
    const runtime = await nodeRuntime();
    const train = take(data, 200);
    const recipe = findPreset('vae').recipe;
    const small = { hidden: [32], latentDim: 4, likelihood };
    const isCount = train.scale === 1;
    const { model, fitOptions } = buildRecipe(
      {
        ...recipe,
        model: { ...recipe.model, ...small, ...(isCount && { encoderInput: 'log1p' as const }) },
        optimizer: { kind: 'adam', learningRate: 3e-3 },
        training: { ...recipe.training, epochs: 6, batchSize: 25 },
      },
      train,
    );
    const training = fit(model, train, { ...fitOptions, runtime });
    const bounds: number[] = [];
    for await (const epoch of training) bounds.push(epoch.train.elbo);
    expect(bounds.every(Number.isFinite)).toBe(true);
    expect(bounds.at(-1)!).toBeGreaterThan(bounds[0]!);

    const evaluation = await evaluate(model, training.params, train, { runtime, numSamples: 5 });
    const { elbo, quantity, bitsPerDimension, logLikelihood } = evaluation;
    expect(logLikelihood!.value).toBeGreaterThan(elbo.value - 3 * elbo.standardError);
    expect(quantity).toBe(['continuous-bernoulli', 'laplace'].includes(likelihood.kind) ? 'density' : 'probability');
    if (model.support === 'byte') {
      expect(bitsPerDimension!.value).toBeCloseTo(-logLikelihood!.value / (64 * Math.LN2), 12);
      expect(bitsPerDimension!.value).toBeLessThan(8);
    } else expect(bitsPerDimension).toBeUndefined();
    if (quantity === 'probability') expect(elbo.value).toBeLessThan(0);

    const { x, mean } = await sample(model, training.params, 20, { runtime, seed: 1 });
    expect(mean.data.every(Number.isFinite)).toBe(true);
    if (model.support === 'byte') {
      expect(x.data.every((v) => v >= 0 && v <= 1 && Math.abs(v * 255 - Math.round(v * 255)) < 1e-3)).toBe(true);
    }
    if (model.support === 'count') expect(x.data.every((v) => v >= 0 && Number.isInteger(v))).toBe(true);
  });
});

test('vae-counts learns one dispersion for each value', () => {
  const { model } = findPreset('vae-counts').recipe;
  const { likelihood } = buildModel(model, [5]).init(key(1), { dataMean: Float64Array.of(1, 2, 3, 4, 5) });
  expect((likelihood as HostParams).logDispersion).toMatchObject({ shape: [5] });
});
