import { foldIn, type HostTensor, hostTensor, interpreter, key, normalArray, type Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  bernoulliLikelihood,
  createDataset,
  digits,
  fitPpca,
  gaussianLikelihood,
  type HostParams,
  linearVaeParams,
  matrixOf,
  mlp,
  sharedVarianceNormal,
  take,
  vae,
} from 'reparam';
import {
  amortisationGap,
  boundsLadder,
  clusters,
  collapse,
  compareTraining,
  emOnMixture,
  emOnPpca,
  emPicture,
  encoderGradients,
  flowVaeTheorem,
  gradientVariance,
  indicatorSampling,
  linearAutoencoder,
  linearDecoder,
  principalAngles,
  priorSampling,
} from 'reparam/lab';
import { beforeAll, describe, expect, test } from 'vitest';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});

const linear = (latentDim: number) =>
  vae({
    dataShape: [8, 8],
    latentDim,
    encoder: mlp([]),
    decoder: mlp([]),
    likelihood: gaussianLikelihood({ scale: 'shared' }),
    posterior: sharedVarianceNormal(),
  });

describe('gradients', () => {
  test('exact lines at θ = 2, s = 1: 87, 38 and 4 over N', () => {
    const exact = gradientVariance({ sizes: [1], repeats: 2 }).map((row) => row.exact);
    expect(exact).toEqual([87, 38, 4]);
  });

  test('measured variances lie on them, for other θ and s too', () => {
    for (const [loc, scale] of [
      [2, 1],
      [-0.5, 1.5],
    ]) {
      for (const { variance, standardError, exact } of gradientVariance({
        loc,
        scale,
        sizes: [10, 300],
        repeats: 4000,
      })) {
        expect(Math.abs(variance - exact)).toBeLessThan(4.5 * standardError);
      }
    }
  });

  test('with the exact posterior the doubly reparameterised encoder gradient has no variance; others do', async () => {
    const data = digits('train');
    const model = linear(3);
    const params = linearVaeParams(fitPpca(matrixOf(data), 3));
    const rows = await encoderGradients(model, params, data, { runtime: interpreter, batchSize: 8, draws: 24 });
    const of = (name: string, numSamples: number, bound = 'ELBO') =>
      rows.find((row) => row.estimator === name && row.numSamples === numSamples && row.bound === bound)!.variance;
    const scored = of('score function', 1);
    expect(of('doubly reparameterised', 5, 'IWAE')).toBeLessThan(1e-6 * of('reparameterised', 5, 'IWAE'));
    expect(of('reparameterised', 1)).toBeLessThan(scored / 20);
    expect(of('score function, leave-one-out', 5)).toBeLessThan(scored / 5);
  });
});

describe('sampling', () => {
  test('prior sampling: nearly exact in one dimension, ever further below as dimensions grow', () => {
    const rows = priorSampling({ latentDims: [1, 10, 30], numSamples: [100, 2000], examples: 30 });
    const at = (latentDim: number, numSamples: number) =>
      rows.find((row) => row.latentDim === latentDim && row.numSamples === numSamples)!;
    expect(Math.abs(at(1, 2000).bias)).toBeLessThan(0.05);
    expect(at(10, 2000).bias).toBeLessThan(-1);
    expect(at(30, 2000).bias).toBeLessThan(at(10, 2000).bias - 10);
    expect(at(30, 2000).bias).toBeGreaterThan(at(30, 100).bias);
  });

  test('indicator sampling: as many −∞ as (1 − p)^K says', () => {
    for (const { shareInfinite, exactShareInfinite } of indicatorSampling({ numSamples: [100], repeats: 1000 })) {
      const error = Math.sqrt((exactShareInfinite * (1 - exactShareInfinite)) / 1000);
      expect(Math.abs(shareInfinite - exactShareInfinite)).toBeLessThan(4 * error + 1e-9);
    }
  });
});

describe('of a run', () => {
  const data = take(digits('test'), 60);
  const exact = fitPpca(matrixOf(digits('train')), 4);
  const params = linearVaeParams(exact);

  /** The same model with the encoder's variances doubled. */
  const widened: HostParams = {
    ...params,
    posterior: {
      ...(params.posterior as HostParams),
      logVariance: hostTensor(
        Float32Array.from(
          ((params.posterior as HostParams).logVariance as HostTensor).data as Float32Array,
          (v) => v + Math.log(2),
        ),
        [4],
      ),
    },
  };

  test('the amortisation gap of a q twice too wide is 4 · ½ (1 − log 2) nats for every example', async () => {
    const { gap, differences } = await amortisationGap(linear(4), widened, data, {
      runtime,
      steps: 200,
      learningRate: 0.05,
    });
    const truth = 2 * (1 - Math.log(2));
    // Both ELBOs use the same 200 draws; what is left of their noise differs from example to example.
    expect(Math.abs(gap.value - truth)).toBeLessThan(5 * gap.standardError + 0.02);
    expect(Math.min(...differences)).toBeGreaterThan(0.2);
  });

  test('with the best encoder there is no gap', async () => {
    const { gap } = await amortisationGap(linear(4), params, data, { runtime, steps: 100 });
    expect(Math.abs(gap.value)).toBeLessThan(0.02);
  });

  test('the ladder climbs to the exact value, and prior sampling stays below', async () => {
    const truth = linearDecoder(params).logLikelihood(matrixOf(data));
    expect(truth).toBeCloseTo(exact.logLikelihood(matrixOf(data)), 4);
    const rungs = await boundsLadder(linear(4), widened, data, { runtime, numSamples: [1, 10, 100, 1000] });
    const values = (name: string) => rungs.filter((rung) => rung.name === name).map(({ value }) => value);
    const iwae = values('IWAE');
    for (const [i, value] of iwae.entries()) if (i > 0) expect(value).toBeGreaterThan(iwae[i - 1]! - 0.02);
    expect(Math.abs(iwae.at(-1)! - truth)).toBeLessThan(0.02);
    expect(values('prior sampling')[0]).toBeLessThan(truth - 30);
    expect(values('prior sampling').at(-1)).toBeLessThan(truth - 0.15);
    // KL of N(μ, 2 D) from N(μ, D): 4 · ½ (1 − log 2).
    expect(Math.abs(values('ELBO')[0]! - (truth - 2 * (1 - Math.log(2))))).toBeLessThan(0.3);
  });
});

describe('collapse', () => {
  test('as many units survive as eigenvalues lie above the noise', async () => {
    const { models, eigenvalues } = await collapse(digits('train'), {
      runtime,
      noiseVariances: [0.33],
      latentDim: 8,
      epochs: 100,
    });
    const [row] = models;
    expect(row!.theory).toBe(eigenvalues.filter((value) => value > 0.33).length);
    expect(row!.measured).toBe(row!.theory);
    expect(row!.elbo).toBeLessThan(row!.optimum + 0.2);
    expect(row!.elbo).toBeGreaterThan(row!.optimum - 0.5);
  });
});

describe('expectation maximisation', () => {
  const monotone = (steps: readonly { bound: number }[]) => {
    for (const [i, { bound }] of steps.entries()) {
      if (i > 0) expect(bound).toBeGreaterThanOrEqual(steps[i - 1]!.bound - 1e-10);
    }
  };

  test.each([
    ['mixture', () => emOnMixture(clusters(120), { iterations: 25 }), 0.02],
    ['ppca', () => emOnPpca(matrixOf(digits('train')), 3, { iterations: 40 }), 1],
  ] as const)('%s: both climb, neither passes the maximum, and gradients come close', async (_, compare, within) => {
    const { em, ascent, maximum } = await compare();
    monotone(em);
    monotone(ascent);
    expect(em.at(-1)!.bound).toBeLessThanOrEqual(maximum + 1e-9);
    expect(ascent.at(-1)!.bound).toBeLessThanOrEqual(maximum + 1e-9);
    expect(maximum - em.at(-1)!.bound).toBeLessThan(0.01);
    expect(maximum - ascent.at(-1)!.bound).toBeLessThan(within);
  });

  test('in the picture every bound touches the log-likelihood from below, and its maximum is where the M-step goes', () => {
    const { theta, logLikelihood, iterations } = emPicture();
    for (const { from, touch, bound, to, top } of iterations) {
      bound.forEach((value, i) => {
        expect(value).toBeLessThanOrEqual(logLikelihood[i]! + 1e-12);
        expect(value).toBeLessThanOrEqual(top + 1e-12);
      });
      const near = (at: number) =>
        theta.reduce((best, t, i) => (Math.abs(t - at) < Math.abs(theta[best]! - at) ? i : best), 0);
      expect(Math.abs(touch - logLikelihood[near(from)]!)).toBeLessThan(0.05);
      expect(Math.abs(bound[near(to)]! - top)).toBeLessThan(0.001);
    }
  });
});

describe('linear autoencoder', () => {
  test('principal angles of a plane turned by 30°', () => {
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    const angles = principalAngles([1, 0, 0, 1, 0, 0], [2, 0, 0, c, 0, s], 3);
    expect(angles[0]).toBeCloseTo(0, 5);
    expect(angles[1]).toBeCloseTo(30, 8);
  });

  test('comes to span the principal subspace', async () => {
    const { epochs, leastSquaredError } = await linearAutoencoder(digits('train'), 3, { runtime, epochs: 60 });
    expect(epochs.at(-1)!.largestAngle).toBeLessThan(3);
    expect(epochs[0]!.largestAngle).toBeGreaterThan(20);
    expect(epochs.at(-1)!.squaredError).toBeLessThan(leastSquaredError * 1.01);
  });
});

describe('flow as an autoencoder', () => {
  test('the bound goes to the exact log-likelihood as the noise goes to 0', async () => {
    const noise = normalArray(foldIn(key(1), 'ring'), 800);
    const data = createDataset({
      name: 'bent',
      data: Float32Array.from(noise, (value, i) => (i & 1 ? 0.4 * value + noise[i - 1]! ** 2 : value)),
      shape: [2],
    });
    const { bounds, logLikelihood } = await flowVaeTheorem(data, { runtime, epochs: 50, scales: [0.5, 0.1, 0.003] });
    expect(bounds[0]!.gap).toBeLessThan(bounds[1]!.gap);
    expect(Math.abs(bounds[2]!.gap)).toBeLessThan(0.02);
    expect(bounds[2]!.elbo).toBeCloseTo(-(bounds[2]!.rate + bounds[2]!.distortion), 3);
    expect(bounds[2]!.rate - bounds[0]!.rate).toBeGreaterThan(5);
    // A standard normal and a conditional normal of scale 0.4: entropy log 2πe + log 0.4.
    expect(logLikelihood).toBeLessThan(-(Math.log(2 * Math.PI * Math.E) + Math.log(0.4)) + 0.1);
    expect(logLikelihood).toBeGreaterThan(-(Math.log(2 * Math.PI * Math.E) + Math.log(0.4)) - 0.8);
  });
});

describe('training', () => {
  test('the score function learns with a baseline; without a rate the reconstruction is better and the bound is not', async () => {
    const model = vae({
      dataShape: [8, 8],
      latentDim: 4,
      encoder: mlp([32]),
      decoder: mlp([32]),
      likelihood: bernoulliLikelihood(),
    });
    const [seen, unseen] = [digits('train'), take(digits('test'), 100)];
    const variants = await compareTraining(model, seen, unseen, { runtime, epochs: 12, binarization: 'dynamic' });
    const [plain, scored, , free] = variants.map(({ test: figures }) => figures);
    for (const { curve } of variants.slice(0, 2)) expect(curve.at(-1)).toBeGreaterThan(curve[0]! + 1);
    expect(scored!.elbo.value).toBeLessThan(plain!.elbo.value);
    expect(free!.distortion.value).toBeLessThan(plain!.distortion.value);
    expect(free!.elbo.value).toBeLessThan(plain!.elbo.value);
  });
});
