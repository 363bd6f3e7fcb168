import { broadcastTo, constant, mul, square, sum, type Tensor } from '@reparam/tensor';
import {
  bernoulliLikelihood,
  chain,
  coupling,
  type Distribution,
  diagonalNormal,
  elbo,
  flowPosterior,
  fullCovarianceNormal,
  type HostParams,
  independent,
  iwae,
  type LatentModel,
  mlp,
  normal,
  type Objective,
  permute,
  type SymbolicParams,
  sharedVarianceNormal,
  vae,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { expectClose, floats } from '../support.ts';
import { atNoise, finiteDifference, normalGrid, type Result, type Situation } from './atNoise.ts';
import { movedParams } from './movedParams.ts';

const leaf = (params: SymbolicParams, name: string) => params[name] as Tensor;
const unused = () => {
  throw new Error('not used here');
};
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** z ~ N(0, 1), x ~ N(slope · z, ½), q = N(loc, e^logScale), with parameters of their own for every row. */
const gaussianRows: LatentModel = {
  dataShape: [1],
  latentDim: 1,
  support: 'real',
  init: unused,
  describe: unused,
  prior: () => independent(normal({ loc: broadcastTo(constant(0), [1]), scale: 1 })),
  encode: (params) => independent(normal({ loc: leaf(params, 'loc'), logScale: leaf(params, 'logScale') })),
  decode: (params, z) => independent(normal({ loc: mul(z, leaf(params, 'slope')), scale: Math.SQRT1_2 })),
};

/** The same parameters in every row of a grid of noise, whose weights are those of the batch. */
function onGrid(model: LatentModel, draws: 1 | 2, values: Record<string, number>, x = 1.3): Situation {
  const { points, weights } = normalGrid(draws);
  const n = points.length;
  const fill = (value: number) => floats(new Array<number>(n).fill(value), [n, 1]);
  const noise = points[0]!.flatMap((_, draw) => points.map((point) => point[draw]!));
  return {
    model,
    params: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)])) as HostParams,
    x: fill(x),
    weights,
    noise: { z: floats(noise, draws === 1 ? [n, 1] : [draws, n, 1]) },
  };
}

/** Mean and variance over the noise of one row's gradient. */
function gradientMoments(result: Result, path: string, weights: readonly number[]) {
  const each = result.gradient[path]!.map((g, i) => g / weights[i]!);
  const mean = total(each.map((g, i) => g * weights[i]!));
  return { mean, variance: total(each.map((g, i) => (g - mean) ** 2 * weights[i]!)) };
}

describe('doubly reparameterised gradient', () => {
  const [standard, double] = [iwae({ numSamples: 2 }), iwae({ numSamples: 2, gradient: 'doubly-reparameterised' })];
  const values = { loc: 0.9, logScale: -0.3, slope: 1.2 };

  test('in one dimension, by quadrature: the derivative of the bound, with less variance', async () => {
    const at = onGrid(gaussianRows, 2, values);
    const [one, two] = [await atNoise(standard, at), await atNoise(double, at)];
    expect(two.loss).toBe(-two.terms.iwaeBound!);
    expectClose([two.loss, ...Object.values(two.terms)], [one.loss, ...Object.values(one.terms)], 1e-12);
    for (const name of ['loc', 'logScale', 'slope'] as const) {
      const exact = async (by: number) =>
        (await atNoise(standard, onGrid(gaussianRows, 2, { ...values, [name]: values[name] + by }))).loss;
      const derivative = ((await exact(1e-4)) - (await exact(-1e-4))) / 2e-4;
      const [a, b] = [gradientMoments(one, name, at.weights!), gradientMoments(two, name, at.weights!)];
      expectClose([a.mean, b.mean], [derivative, derivative], 1e-7);
      if (name === 'slope') expectClose(two.gradient[name]!, one.gradient[name]!, 1e-12);
      else expect(b.variance).toBeLessThan(0.5 * a.variance);
    }
  });

  test('with the exact posterior: no variance at all', async () => {
    // x = 1.3, slope 1: the posterior is N(2x/3, 1/3).
    const exact = { loc: (1.3 * 2) / 3, logScale: -0.5 * Math.log(3), slope: 1 };
    const at = onGrid(gaussianRows, 2, exact);
    const { gradient } = await atNoise(double, at);
    for (const name of ['loc', 'logScale']) {
      for (const [i, g] of gradient[name]!.entries()) expect(Math.abs(g / at.weights![i]!)).toBeLessThan(1e-9);
    }
    const { variance } = gradientMoments(await atNoise(standard, at), 'loc', at.weights!);
    expect(variance).toBeGreaterThan(0.01);
  });
});

const x = [1, 0, 0, 1, 1, 0];
const net = () => mlp([4], { activation: 'tanh' });
const small = vae({
  dataShape: [6],
  latentDim: 1,
  encoder: net(),
  decoder: net(),
  likelihood: bernoulliLikelihood(),
});

/** The expected gradient of an objective on one example, over a grid of all its noise. */
async function expectedGradient(objective: Objective, draws: 1 | 2) {
  const { points, weights } = normalGrid(draws);
  const noise = points[0]!.flatMap((_, draw) => points.map((point) => point[draw]!));
  return atNoise(objective, {
    model: small,
    params: movedParams(small),
    x: floats(
      points.flatMap(() => x),
      [points.length, 6],
    ),
    weights,
    noise: { z: floats(noise, draws === 1 ? [points.length, 1] : [draws, points.length, 1]) },
  });
}

function expectSameGradient(got: Result, want: Result) {
  expect(got.loss).toBeCloseTo(want.loss, 9);
  for (const [path, values] of Object.entries(want.gradient)) expectClose(got.gradient[path]!, values, 1e-7);
  expect(total(Object.values(want.gradient).flat().map(Math.abs))).toBeGreaterThan(0.5);
}

describe('a VAE of one latent dimension: expected gradients by quadrature', () => {
  test('doubly reparameterised = standard, every parameter', async () => {
    const [standard, double] = await Promise.all(
      (['standard', 'doubly-reparameterised'] as const).map((gradient) =>
        expectedGradient(iwae({ numSamples: 2, gradient }), 2),
      ),
    );
    expectSameGradient(double!, standard!);
  });

  test.each([
    [{ kl: 'analytic' }, 'none', 1],
    [{ kl: 'analytic' }, -3, 1],
    [{ kl: 'sampled' }, 'none', 1],
    [{ kl: 'sampled', beta: 0.4 }, 2, 1],
    [{ kl: 'analytic', beta: 0 }, 'none', 1],
    [{ kl: 'sampled', freeBits: 3 }, 'none', 1],
    [{ kl: 'analytic', capacity: { gamma: 5, nats: 0.1 } }, 'none', 1],
    [{ kl: 'analytic', numSamples: 2 }, 'leave-one-out', 2],
    [{ kl: 'sampled', numSamples: 2 }, 'leave-one-out', 2],
  ] as const)('score function = reparameterised: %o, baseline %s', async (options, baseline, draws) => {
    const score = await expectedGradient(elbo({ ...options, gradient: 'score-function', baseline }), draws);
    expectSameGradient(score, await expectedGradient(elbo(options), draws));
  });
});

describe('two latent dimensions, every family with a density: expected gradients by quadrature', () => {
  const coupled = flowPosterior({ flow: chain([coupling({ hidden: [3], activation: 'tanh' }), permute('reverse')]) });
  test.each([
    ['diagonal', diagonalNormal()],
    ['shared variance', sharedVarianceNormal()],
    ['full covariance', fullCovarianceNormal()],
    ['couplings behind a diagonal one', coupled],
  ])('%s: doubly reparameterised = score function = standard', async (_, posterior) => {
    const model = vae({ dataShape: [6], latentDim: 2, encoder: net(), decoder: net(), posterior });
    const { points, weights } = normalGrid(2);
    const situation: Situation = {
      model,
      params: movedParams(model, 0.4),
      x: floats(
        points.flatMap(() => x),
        [points.length, 6],
      ),
      weights,
      noise: { z: floats(points.flat(), [points.length, 2]) },
    };
    const iwaeNoise = { ...situation, noise: { z: floats(points.flat(), [1, points.length, 2]) } };
    const standard = await atNoise(elbo({ kl: 'sampled' }), situation);
    const double = iwae({ numSamples: 1, gradient: 'doubly-reparameterised' });
    expectSameGradient(await atNoise(double, iwaeNoise), standard);
    const score = elbo({ kl: 'sampled', gradient: 'score-function', baseline: -4 });
    expectSameGradient(await atNoise(score, situation), standard);
  });
});

/** log p(x given z) = z², so that E_q of it is that of x² under N(θ, s²). */
const squareRows: LatentModel = {
  ...gaussianRows,
  decode: (_, z) => ({ logProb: () => sum(square(z), { axes: -1 }) }) as unknown as Distribution,
};

describe.each([
  [2, 1],
  [0.5, 1.5],
])('variance of the gradient of E z², z ~ N(%d, %d²), by quadrature', (theta, s) => {
  const at = onGrid(squareRows, 1, { loc: theta, logScale: Math.log(s) });
  const best = theta ** 2 + 3 * s ** 2;
  test.each([
    ['reparameterised', elbo({ beta: 0 }), 4 * s ** 2],
    [
      'score function',
      elbo({ beta: 0, gradient: 'score-function', baseline: 'none' }),
      theta ** 4 / s ** 2 + 14 * theta ** 2 + 15 * s ** 2,
    ],
    [
      'score function with the best constant baseline',
      elbo({ beta: 0, gradient: 'score-function', baseline: best }),
      8 * theta ** 2 + 6 * s ** 2,
    ],
  ] as const)('%s', async (_, objective, variance) => {
    const got = gradientMoments(await atNoise(objective, at), 'loc', at.weights!);
    expectClose([got.mean, got.variance], [-2 * theta, variance], 1e-6);
  });

  test('leave-one-out over two draws: unbiased', async () => {
    const two = onGrid(squareRows, 2, { loc: theta, logScale: Math.log(s) });
    const objective = elbo({ beta: 0, numSamples: 2, gradient: 'score-function' });
    expect(gradientMoments(await atNoise(objective, two), 'loc', two.weights!).mean).toBeCloseTo(-2 * theta, 6);
  });
});

test('baseline from the other examples of the batch: by hand, padding left out', async () => {
  const noise = [0.3, -1.2, 0.8, 2, -0.4];
  const weights = [0.25, 0.25, 0.25, 0.25, 0];
  const column = (value: number) => floats(new Array<number>(5).fill(value), [5, 1]);
  const params = { loc: column(1.1), logScale: column(0) };
  const situation: Situation = {
    model: squareRows,
    params,
    x: column(0),
    weights,
    noise: { z: floats(noise, [5, 1]) },
  };
  const { gradient } = await atNoise(elbo({ beta: 0, gradient: 'score-function' }), situation);
  const f = noise.map((e) => (1.1 + e) ** 2);
  const want = noise.map((e, i) => {
    const others = f.slice(0, 4).filter((_, j) => j !== i);
    return i === 4 ? 0 : -0.25 * (f[i]! - total(others) / 3) * e;
  });
  expectClose(gradient.loc!, want, 1e-9);

  const alone = { ...situation, weights: [1, 0, 0, 0, 0] };
  const one = await atNoise(elbo({ beta: 0, gradient: 'score-function' }), alone);
  expectClose(one.gradient.loc!, [-f[0]! * noise[0]!, 0, 0, 0, 0], 1e-9);
});

test('the capacity holds the rate: |rate − C|, both sides, on a schedule', async () => {
  const at: Situation = {
    model: small,
    params: movedParams(small),
    x: floats([...x, ...x.toReversed()], [2, 6]),
    noise: { z: floats([0.4, -0.7], [2, 1]) },
    progress: { step: 3, stepsPerEpoch: 1, totalSteps: 10 },
  };
  const plain = await atNoise(elbo(), at);
  const { rate, distortion } = plain.terms as Record<string, number>;
  for (const nats of [0, rate! + 1, { at: ({ step }: { step: number }) => step / 100, description: 'slow' }]) {
    const objective = elbo({ capacity: { gamma: 7, nats } });
    const got = await atNoise(objective, at);
    const target = typeof nats === 'number' ? nats : 0.03;
    expect(got.loss).toBeCloseTo(distortion! + 7 * Math.abs(rate! - target), 12);
    expect(got.terms).toEqual(plain.terms);
    const path = 'posterior/weight';
    const wanted = await finiteDifference(at, path, async (moved) => (await atNoise(objective, moved)).loss);
    expectClose(got.gradient[path]!, wanted, 1e-7);
  }
});

test.each([
  [() => elbo({ gradient: 'score-function', baseline: 'leave-one-out' }), 'baseline: got leave-one-out with 1 draw'],
  [() => elbo({ gradient: 'score-function', baseline: 'median' as never }), 'baseline: got median, expected none'],
  [() => elbo({ gradient: 'exact' as never }), 'gradient: got exact, expected reparameterised or score-function'],
  [() => elbo({ capacity: { gamma: -1, nats: 3 } }), 'capacity.gamma: got -1, expected a number, 0 or more'],
  [() => elbo({ capacity: { gamma: 1, nats: 3 }, beta: 4 }), 'capacity takes the place of beta and freeBits'],
  [() => elbo({ capacity: { gamma: 1, nats: 3 }, freeBits: 1 }), 'got capacity with freeBits 1'],
  [() => iwae({ gradient: 'triple' as never }), 'got triple, expected standard or doubly-reparameterised'],
])('%s is refused', (make, message) => {
  expect(make).toThrow(message);
});
