import { foldIn, interpreter, key, normalArray } from '@reparam/tensor';
import {
  buildModel,
  digits,
  evaluate,
  fitPpcaEm,
  linearGaussian,
  linearPosterior,
  linearTerms,
  linearVaeParams,
  moments,
  ppca,
  principalAxes,
  widthOf,
} from 'reparam';
import { describe, expect, test } from 'vitest';

const data = digits('train');
const matrix = { data: data.data, rows: data.size, columns: widthOf(data), scale: data.scale };
const seen = moments(matrix);

describe('expectation maximisation of probabilistic PCA', () => {
  const { model, steps } = fitPpcaEm(seen, 5, { seed: 1, tolerance: 1e-9, maxIterations: 3000 });
  const exact = ppca(principalAxes(seen), 5);

  test('neither half of an iteration lowers the bound', () => {
    for (const [i, { bound }] of steps.entries()) {
      if (i > 0) expect(bound).toBeGreaterThanOrEqual(steps[i - 1]!.bound - 1e-10);
    }
    expect(steps[0]!.stage).toBe('E');
    expect(steps.at(-1)!.bound - steps[0]!.bound).toBeGreaterThan(10);
  });

  test('converges to the closed form: likelihood, noise, and W up to signs', () => {
    expect(model.logLikelihood(matrix)).toBeCloseTo(exact.logLikelihood(matrix), 6);
    expect(model.noiseVariance).toBeCloseTo(exact.noiseVariance, 7);
    for (let k = 0; k < 5; k++) {
      let dot = 0;
      let square = 0;
      for (let j = 0; j < 64; j++) {
        dot += model.components[j * 5 + k]! * exact.components[j * 5 + k]!;
        square += exact.components[j * 5 + k]! ** 2;
      }
      expect(Math.abs(Math.abs(dot) / square - 1)).toBeLessThan(1e-2);
    }
  });

  test('the bound at the exact posterior is log p(x); at any other it is below', () => {
    const noise = normalArray(foldIn(key(3), 'W'), 64 * 3);
    const other = linearGaussian({ mean: seen.mean, components: Float64Array.from(noise), noiseVariance: 0.3 });
    const posterior = linearPosterior(other);
    const truth = other.logLikelihood(matrix);
    expect(linearTerms(seen, other, posterior).elbo).toBeCloseTo(truth, 8);
    const wrong = { ...posterior, covariance: posterior.covariance.clone().mul(2) };
    // KL of N(0, 2C) from N(0, C) in three dimensions: 3/2 (1 − log 2).
    expect(linearTerms(seen, other, wrong).elbo).toBeCloseTo(truth - 1.5 * (1 - Math.log(2)), 8);
  });

  test('as a linear VAE its ELBO is the log-likelihood', async () => {
    const vae = buildModel(
      {
        latentDim: 5,
        hidden: [],
        activation: 'tanh',
        layerNorm: false,
        dropout: 0,
        posterior: { kind: 'shared-variance' },
        likelihood: { kind: 'gaussian', scale: 'shared' },
      },
      data.shape,
    );
    const { elbo, logLikelihood } = await evaluate(vae, linearVaeParams(model), data, {
      runtime: interpreter,
      numSamples: 1,
    });
    expect(logLikelihood!.value).toBeCloseTo(model.logLikelihood(matrix), 3);
    expect(Math.abs(elbo.value - logLikelihood!.value)).toBeLessThan(0.5);
  });

  test('refuses as many latent dimensions as data dimensions', () => {
    expect(() => fitPpcaEm(seen, 64)).toThrow(/64 for 64 dimensions/);
  });
});
