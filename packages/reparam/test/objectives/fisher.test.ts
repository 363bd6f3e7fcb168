import type { Tensor } from '@reparam/tensor';
import {
  bernoulliLikelihood,
  deltaPosterior,
  type FisherOptions,
  fisher,
  fullCovarianceNormal,
  gaussianLikelihood,
  type MlpOptions,
  mlp,
  type Posterior,
  type SymbolicParams,
  traceContext,
  vae,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats } from '../support.ts';
import { atNoise, finiteDifference, normalGrid, type Situation } from './atNoise.ts';
import { movedParams } from './movedParams.ts';

const [dataSize, latentDim] = [3, 2];
const modelWith = (options: MlpOptions, likelihood = gaussianLikelihood({ scale: 0.8 })) =>
  vae({ dataShape: [dataSize], latentDim, encoder: mlp([4], options), decoder: mlp([4], options), likelihood });
const model = modelWith({ activation: 'tanh' });
const params = movedParams(model);
const x0 = [0.4, -1.1, 0.7];
const eps0 = [0.6, -0.9];
const situation: Situation = {
  model,
  params,
  x: floats(x0, [1, dataSize]),
  noise: { z: floats(eps0, [1, latentDim]) },
};
const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** The densities and q's parameters at rows of (x, z). */
async function densities(points: readonly { readonly x: readonly number[]; readonly z: readonly number[] }[]) {
  const n = points.length;
  const inputs = {
    params,
    x: floats(
      points.flatMap((p) => p.x),
      [n, dataSize],
    ),
    z: floats(
      points.flatMap((p) => p.z),
      [n, latentDim],
    ),
  };
  return compute(inputs, (t: { params: SymbolicParams; x: Tensor; z: Tensor }, trace) => {
    const context = traceContext(trace, false);
    const q = model.encode(t.params, t.x, context) as unknown as {
      logProb(z: Tensor): Tensor;
      base: { loc: Tensor; logScale: Tensor };
    };
    const likelihood = model.decode(t.params, t.z, context);
    return {
      posterior: q.logProb(t.z),
      likelihood: likelihood.logProb(t.x),
      prior: model.prior(t.params, context).logProb(t.z),
      loc: q.base.loc,
      logVariance: q.base.logScale,
      mean: likelihood.mean,
    };
  });
}

type Points = { x: number[]; z: number[] }[];
const moved = (values: readonly number[], i: number, by: number) => values.map((v, j) => (i === j ? v + by : v));
/** Derivatives of a function of (x, z) along each axis, by central differences of the densities. */
async function slopes(
  at: (axis: number, by: number) => { x: number[]; z: number[] },
  axes: number,
  value: (d: Awaited<ReturnType<typeof densities>>, row: number) => number,
  h = 1e-4,
) {
  const points: Points = Array.from({ length: axes }, (_, i) => [at(i, h), at(i, 0), at(i, -h)]).flat();
  const d = await densities(points);
  return Array.from({ length: axes }, (_, i) => {
    const [up, here, down] = [value(d, 3 * i), value(d, 3 * i + 1), value(d, 3 * i + 2)];
    return { first: (up - down) / (2 * h), second: (up - 2 * here + down) / (h * h) };
  });
}

/** μ(x) + σ(x) ε. */
async function codeOf(x: number[], eps = eps0): Promise<number[]> {
  const { loc, logVariance } = await densities([{ x, z: eps0 }]);
  return eps.map((e, j) => loc![j]! + Math.exp(logVariance![j]!) * e);
}

const halfSquares = (values: readonly { first: number }[]) => 0.5 * total(values.map((v) => v.first ** 2));

/** The three terms by finite differences of the densities. */
async function byHand() {
  const z0 = await codeOf(x0);
  const alongZ = (i: number, by: number) => ({ x: x0, z: moved(z0, i, by) });
  const alongX = (i: number, by: number) => ({ x: moved(x0, i, by), z: z0 });
  const dataScore = await slopes(alongX, dataSize, (d, row) => d.likelihood![row]!);
  return {
    posteriorMismatch: halfSquares(
      await slopes(alongZ, latentDim, (d, row) => d.posterior![row]! - d.likelihood![row]! - d.prior![row]!),
    ),
    encoderSensitivity: halfSquares(await slopes(alongX, dataSize, (d, row) => d.posterior![row]!)),
    dataMismatch: halfSquares(dataScore) + total(dataScore.map((s) => s.second)),
    z0,
  };
}

describe('the theorem', () => {
  test('each term by finite differences of the densities; their sum is the loss', async () => {
    const { loss, terms } = await atNoise(fisher(), situation);
    const { z0, ...want } = await byHand();
    for (const [name, value] of Object.entries(want)) expect(terms[name], name).toBeCloseTo(value, 5);
    expect(loss).toBeCloseTo(total(Object.values(want)), 5);
    const { mean } = await densities([{ x: x0, z: z0 }]);
    const squared = total(x0.map((v, i) => (v - mean![i]!) ** 2));
    expect(terms.dataMismatch).toBeCloseTo(squared / (2 * 0.8 ** 4) - dataSize / 0.8 ** 2, 10);
  });

  test('E_q ½‖∂_x log q‖² = ½ Σ_j (‖∂_x μ_j‖²/σ_j² + ½ ‖∂_x log σ_j²‖²), by quadrature', async () => {
    const { points, weights } = normalGrid(2, 0.5);
    const n = points.length;
    const { terms } = await atNoise(fisher(), {
      ...situation,
      x: floats(
        points.flatMap(() => x0),
        [n, dataSize],
      ),
      weights,
      noise: { z: floats(points.flat(), [n, latentDim]) },
    });
    const z = eps0;
    const alongX = (i: number, by: number) => ({ x: moved(x0, i, by), z });
    const { logVariance } = await densities([{ x: x0, z }]);
    let want = 0;
    for (let j = 0; j < latentDim; j++) {
      const of = (name: 'loc' | 'logVariance') => slopes(alongX, dataSize, (d, row) => d[name]![row * latentDim + j]!);
      const scale = Math.exp(logVariance![j]!);
      // logVariance holds log σ here: log σ² moves twice as fast.
      want += halfSquares(await of('loc')) / scale ** 2 + 0.5 * 4 * halfSquares(await of('logVariance'));
    }
    expect(terms.encoderSensitivity).toBeCloseTo(want, 6);
    expect(want).toBeGreaterThan(0.1);
  });

  test.each([
    'encoder/0/weight',
    'posterior/weight',
    'decoder/0/weight',
    'output/bias',
  ])('the gradient of %s by finite differences of the loss', async (path) => {
    const { gradient } = await atNoise(fisher(), situation);
    const want = await finiteDifference(situation, path, async (at) => (await atNoise(fisher(), at)).loss);
    expectClose(gradient[path]!, want, 1e-6);
    expect(total(want.map(Math.abs))).toBeGreaterThan(0.01);
  });

  test('a learned scale has a gradient too', async () => {
    const learned = modelWith({ activation: 'gelu' }, gaussianLikelihood({ scale: 'shared' }));
    const at = { ...situation, model: learned, params: movedParams(learned) };
    const { gradient } = await atNoise(fisher(), at);
    const path = 'likelihood/logScale';
    expectClose(
      gradient[path]!,
      await finiteDifference(at, path, async (s) => (await atNoise(fisher(), s)).loss),
      1e-6,
    );
  });
});

describe('as in the reference code', () => {
  const reference = fisher({ mode: 'reference' });

  test('the x-derivative of log q moves z as well; the other terms are the theorem’s', async () => {
    const { terms } = await atNoise(reference, situation);
    const { z0: _, encoderSensitivity, ...want } = await byHand();
    for (const [name, value] of Object.entries(want)) expect(terms[name], name).toBeCloseTo(value, 5);
    const codes = new Map<string, number[]>();
    const key = (i: number, by: number) => `${i}:${by}`;
    for (let i = 0; i < dataSize; i++) {
      for (const by of [1e-4, 0, -1e-4]) codes.set(key(i, by), await codeOf(moved(x0, i, by)));
    }
    const along = (i: number, by: number) => ({ x: moved(x0, i, by), z: codes.get(key(i, by))! });
    const whole = halfSquares(await slopes(along, dataSize, (d, row) => d.posterior![row]!));
    expect(terms.encoderSensitivity).toBeCloseTo(whole, 5);
    expect(Math.abs(whole - encoderSensitivity)).toBeGreaterThan(0.01);
  });

  test('the decoder’s gradient is that of the data term alone; the encoder’s is whole', async () => {
    const { gradient } = await atNoise(reference, situation);
    const term = (name: 'dataMismatch') => async (at: Situation) => (await atNoise(reference, at)).terms[name]!;
    for (const path of ['decoder/0/weight', 'output/bias']) {
      expectClose(gradient[path]!, await finiteDifference(situation, path, term('dataMismatch')), 1e-6);
    }
    const path = 'posterior/weight';
    const want = await finiteDifference(situation, path, async (at) => (await atNoise(reference, at)).loss);
    expectClose(gradient[path]!, want, 1e-6);
  });
});

test.each([
  ['Bernoulli', modelWith({ activation: 'tanh' }, bernoulliLikelihood()), 'needs a Gaussian likelihood'],
  ['relu', modelWith({ activation: 'relu' }), 'got the operation relu: gradients of gradients do not see its kink'],
  ['leakyRelu', modelWith({ activation: 'leakyRelu' }), 'needs networks with smooth activations'],
  ['elu', modelWith({ activation: 'elu' }), 'needs networks with smooth activations'],
  ['dropout', modelWith({ activation: 'tanh', dropout: 0.1 }), 'noise inside a network'],
])('%s is refused, with the reason', async (_, refused, message) => {
  await expect(atNoise(fisher(), { ...situation, model: refused, params: movedParams(refused) })).rejects.toThrow(
    message,
  );
});

test.each(['gelu', 'silu', 'softplus', 'sigmoid'] as const)('%s is smooth enough', async (activation) => {
  const smooth = modelWith({ activation, layerNorm: true });
  const { loss } = await atNoise(fisher(), { ...situation, model: smooth, params: movedParams(smooth) });
  expect(Number.isFinite(loss)).toBe(true);
});

test('a posterior of full covariance: the gradient by finite differences; points are refused', async () => {
  const withPosterior = (posterior: Posterior) =>
    vae({
      dataShape: [dataSize],
      latentDim,
      encoder: mlp([4], { activation: 'tanh' }),
      decoder: mlp([4], { activation: 'tanh' }),
      likelihood: gaussianLikelihood({ scale: 0.8 }),
      posterior,
    });
  const full = withPosterior(fullCovarianceNormal());
  const at = { ...situation, model: full, params: movedParams(full) };
  const { gradient } = await atNoise(fisher(), at);
  const path = 'encoder/0/weight';
  const want = await finiteDifference(at, path, async (s) => (await atNoise(fisher(), s)).loss);
  expectClose(gradient[path]!, want, 1e-5);

  const points = withPosterior(deltaPosterior());
  await expect(atNoise(fisher(), { ...at, model: points, params: movedParams(points) })).rejects.toThrow(
    'needs a posterior that is a density',
  );
});

test('an unknown mode is refused', () => {
  expect(() => fisher({ mode: 'total' } as unknown as FisherOptions)).toThrow(
    'got total, expected theorem or reference',
  );
});
