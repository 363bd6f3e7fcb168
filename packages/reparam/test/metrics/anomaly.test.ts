import { interpreter, key, normalArray } from '@reparam/tensor';
import {
  auroc,
  createDataset,
  deltaPosterior,
  digits,
  exampleParts,
  exampleScores,
  fullCovarianceNormal,
  type HostParams,
  importanceLogLikelihood,
  linearGaussian,
  linearVaeParams,
  take,
} from 'reparam';
import { describe, expect, it } from 'vitest';
import { smallModel } from '../latent/models.ts';
import { linearVae, linearVaeElbos } from './linearVae.ts';

describe('auroc', () => {
  it('is the share of pairs in the right order, ties half, with the error of DeLong', () => {
    const draw = (seed: number, n: number, shift: number) =>
      Float64Array.from(normalArray(key(seed), n), (v) => Math.round(3 * v + shift));
    const [low, high] = [draw(1, 40, 0), draw(2, 25, 2)];
    const psi = (x: number, y: number) => (x > y ? 1 : x === y ? 0.5 : 0);
    const share = (x: number) => low.reduce((sum, y) => sum + psi(x, y), 0) / low.length;
    const other = (y: number) => high.reduce((sum, x) => sum + psi(x, y), 0) / high.length;
    const moments = (values: number[]) => {
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return { mean, variance: values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1) };
    };
    const [a, b] = [moments(Array.from(high, share)), moments(Array.from(low, other))];
    const { value, standardError } = auroc(low, high);
    expect(value).toBeCloseTo(a.mean, 12);
    expect(standardError).toBeCloseTo(Math.sqrt(a.variance / 25 + b.variance / 40), 12);
    expect(auroc(high, low).value).toBeCloseTo(1 - value, 12);
    expect(auroc(high, low).standardError).toBeCloseTo(standardError, 12);
  });

  it('knows order alone: all right, all wrong, all the same, infinities', () => {
    expect(auroc([1, 2], [3, 4]).value).toBe(1);
    expect(auroc([3, 4], [1, 2]).value).toBe(0);
    expect(auroc([5, 5, 5], [5, 5])).toEqual({ value: 0.5, standardError: 0 });
    expect(auroc([Number.NEGATIVE_INFINITY, 0], [0, Number.POSITIVE_INFINITY]).value).toBe(7 / 8);
    expect(() => auroc([], [1])).toThrow(/got 0 and 1 scores/);
    expect(() => auroc([Number.NaN, 1], [1])).toThrow(/not a number/);
  });

  it('the standard error is that of repeated draws', () => {
    const repeats = Array.from({ length: 300 }, (_, r) => {
      const values = normalArray(key(50 + r), 90);
      return auroc(
        values.slice(0, 50),
        values.slice(50).map((v) => v + 1),
      );
    });
    const mean = repeats.reduce((sum, { value }) => sum + value / 300, 0);
    const spread = Math.sqrt(repeats.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / 299);
    const said = repeats.reduce((sum, { standardError }) => sum + standardError / 300, 0);
    // Φ(1/√2) is the exact area.
    expect(Math.abs(mean - 0.7602499)).toBeLessThan((4 * spread) / Math.sqrt(300));
    expect(Math.abs(said / spread - 1)).toBeLessThan(0.2);
  });
});

describe('scores of a linear Gaussian model', () => {
  const [width, latentDim, rows] = [5, 2, 40];
  const numbers = (seed: number, n: number) => Float64Array.from(normalArray(key(seed), n));
  const exact = linearGaussian({
    mean: numbers(1, width),
    components: numbers(2, width * latentDim),
    noiseVariance: 0.4,
  });
  const data = createDataset({
    name: 'linear',
    data: Float32Array.from(exact.sample(key(3), rows)),
    shape: [width],
  });
  const matrix = { data: data.data, rows, columns: width };
  const model = linearVae([width], latentDim);
  const params = linearVaeParams(exact) as HostParams;

  it('each example has its own log-likelihood and bound', async () => {
    const scores = await exampleScores(model, params, data, { runtime: interpreter, numSamples: 2000, numDraws: 400 });
    const [truth, bounds] = [exact.logLikelihoods(matrix), linearVaeElbos(params, matrix)];
    for (let i = 0; i < rows; i++) {
      expect(Math.abs(scores.logLikelihood![i]! - truth[i]!)).toBeLessThan(5 * scores.standardError![i]! + 1e-3);
      expect(Math.abs(scores.elbo[i]! - bounds[i]!)).toBeLessThan(1);
      expect(scores.elbo[i]).toBeCloseTo(-scores.rate[i]! - scores.distortion[i]!, 4);
    }
    const mean = (values: Float64Array) => values.reduce((sum, v) => sum + v / rows, 0);
    expect(Math.abs(mean(scores.elbo) - mean(bounds))).toBeLessThan(0.05);
  });

  it('the parts of an example add to its terms, from the same draws', async () => {
    const options = { runtime: interpreter, numSamples: 0, numDraws: 3, seed: 4 };
    const scores = await exampleScores(model, params, data, options);
    const { logLikelihood, kl } = await exampleParts(model, params, data, options);
    expect([logLikelihood!.shape, kl!.shape, scores.logLikelihood]).toEqual([
      [rows, width],
      [rows, latentDim],
      undefined,
    ]);
    const total = (values: Float32Array, columns: number, i: number) =>
      values.subarray(i * columns, (i + 1) * columns).reduce((sum, v) => sum + v, 0);
    for (let i = 0; i < rows; i++) {
      expect(-total(logLikelihood!.data, width, i)).toBeCloseTo(scores.distortion[i]!, 4);
      expect(total(kl!.data, latentDim, i)).toBeCloseTo(scores.rate[i]!, 4);
    }
  });
});

describe('scores of pictures', () => {
  const data = take(digits('test'), 20);
  const options = { runtime: interpreter, numSamples: 20, seed: 2, binarization: 'dynamic' as const };

  it('log-likelihoods are those of the estimator that evaluate uses', async () => {
    const { model, params } = smallModel();
    const { logLikelihood } = await exampleScores(model, params, data, options);
    const estimate = await importanceLogLikelihood(model, params, data, { ...options, draw: 0x40000000 });
    expect(logLikelihood).toEqual(estimate.logLikelihood);
  });

  it('a posterior that does not factorise has no KL of each dimension; a point has no log-likelihood', async () => {
    const full = smallModel({ posterior: fullCovarianceNormal() });
    const parts = await exampleParts(full.model, full.params, data, options);
    expect([Object.keys(parts), parts.logLikelihood!.shape]).toEqual([['logLikelihood'], [20, 64]]);
    const point = smallModel({ posterior: deltaPosterior() });
    const scores = await exampleScores(point.model, point.params, data, options);
    expect(scores.logLikelihood).toBeUndefined();
    expect([...scores.rate]).toEqual(Array(20).fill(0));
  });
});
