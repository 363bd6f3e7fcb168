import { key, normalArray } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  actNorm,
  buildRecipe,
  chain,
  cosine,
  createDataset,
  digits,
  evaluate,
  findPreset,
  fit,
  fitGaussian,
  flowModel,
  linearLu,
  linearQr,
  type RecipeConfig,
  type Training,
  take,
} from 'reparam';
import { describe, expect, test } from 'vitest';

const runtime = await nodeRuntime({ threads: 1 });
const trained = async (training: Training) => {
  for await (const epoch of training) expect(Number.isFinite(epoch.train.elbo)).toBe(true);
  return training.params;
};

describe('a linear flow is a normal distribution with full covariance', () => {
  // x = A z + m with a generic A: strongly correlated columns of very different sizes.
  const dim = 4;
  const rows = 2000;
  const z = normalArray(key(3), rows * dim);
  const mix = normalArray(key(4), dim * dim);
  const data = createDataset({
    name: 'correlated',
    shape: [dim],
    data: Float32Array.from({ length: rows * dim }, (_, at) => {
      const [row, j] = [Math.floor(at / dim), at % dim];
      let value = j;
      for (let k = 0; k < dim; k++) value += (j + 1) * mix[j * dim + k]! * z[row * dim + k]!;
      return value;
    }),
  });
  const exact = fitGaussian({ data: data.data, rows, columns: dim }).logLikelihoods({
    data: data.data,
    rows,
    columns: dim,
  });
  const best = exact.reduce((a, b) => a + b) / rows;

  test.each([
    ['LU', chain([actNorm(), linearLu()])],
    ['QR', chain([actNorm(), linearQr()])],
  ])('%s reaches the closed form, and does not exceed it', async (_, flow) => {
    const model = flowModel({ dataShape: [dim], flow });
    const options = { runtime, epochs: 150, batchSize: 500, learningRate: cosine({ value: 0.03 }) };
    const params = await trained(fit(model, data, options));
    const { elbo } = await evaluate(model, params, data, { runtime });
    expect(elbo.value).toBeLessThan(best + 1e-4);
    expect(elbo.value).toBeGreaterThan(best - 0.01);
  });

  test('the closed form is that of the formula', () => {
    const [a, b] = [1.5, -0.5];
    const points = Float64Array.of(a, b, -a, -b, b, a, -b, -a);
    // Mean 0; covariance [[s, c], [c, s]] with s = (a² + b²) / 2 and c = a b.
    const [s, c] = [(a * a + b * b) / 2, a * b];
    const determinant = s * s - c * c;
    const quadratic = (s * (a * a + b * b) - 2 * c * a * b) / determinant;
    const [first] = fitGaussian({ data: points, rows: 4, columns: 2 }).logLikelihoods({
      data: points,
      rows: 4,
      columns: 2,
    });
    expect(first).toBeCloseTo(-0.5 * quadratic - 0.5 * Math.log(determinant) - Math.log(2 * Math.PI), 12);
    expect(() => fitGaussian({ data: Float64Array.of(1, 1, 2, 1, 3, 1), rows: 3, columns: 2 })).toThrow(
      'the covariance is not positive definite',
    );
  });
});

describe('flows on digits', () => {
  const small = (name: string, flow: object, epochs: number): RecipeConfig => {
    const { recipe } = findPreset(name);
    return {
      ...recipe,
      model: { ...recipe.model, flow: { ...recipe.model.flow!, ...flow } },
      optimizer: { kind: 'adam', learningRate: 2e-3 },
      training: { ...recipe.training, epochs, batchSize: 100 },
    };
  };

  const figuresOf = async (name: string, flow: object, epochs: number) => {
    const { model, fitOptions } = buildRecipe(small(name, flow, epochs), digits());
    const params = await trained(fit(model, digits(), { ...fitOptions, runtime }));
    const train = await evaluate(model, params, digits('train'), { runtime });
    const test = await evaluate(model, params, digits('test'), { runtime });
    expect(test.logLikelihood).toEqual(test.elbo);
    return { train: train.elbo.value, bits: test.bitsPerDimension!.value };
  };

  test('pixels of 17 levels, log₂ 17 = 4.09 bits: more layers fit better than one normal distribution', async () => {
    const linear = await figuresOf('flow-lu', {}, 40);
    const realnvp = await figuresOf('realnvp', { hidden: [100] }, 30);
    const maf = await figuresOf('maf', { hidden: [100] }, 40);
    expect(linear.bits).toBeGreaterThan(2.2);
    expect(linear.bits).toBeLessThan(2.35);
    expect(realnvp.train).toBeGreaterThan(linear.train + 3);
    expect(realnvp.bits).toBeLessThan(linear.bits + 0.05);
    expect(maf.train).toBeGreaterThan(linear.train + 3);
    expect(maf.bits).toBeLessThan(linear.bits - 0.03);
  });

  test('a run that stops and goes on is the same run', async () => {
    const data = take(digits(), 300);
    const { model, fitOptions } = buildRecipe(small('maf', { hidden: [20], length: 2 }, 4), data);
    const whole = fit(model, data, { ...fitOptions, runtime, epochs: 4 });
    await trained(whole);
    const half = fit(model, data, { ...fitOptions, runtime, epochs: 2 });
    await trained(half);
    const resumed = fit(model, data, { ...fitOptions, runtime, epochs: 4, state: half.state });
    await trained(resumed);
    expect(resumed.params).toEqual(whole.params);
  });
});
