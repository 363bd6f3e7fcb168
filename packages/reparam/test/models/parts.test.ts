import { add, broadcastTo, constant, type HostTensor, key, logSumExp, type Tensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  compileRows,
  conditionalNormal,
  conditioned,
  cvae,
  type Dataset,
  deltaPosterior,
  diagonalNormal,
  digits,
  evaluate,
  fit,
  fullCovarianceNormal,
  gaussianLikelihood,
  type HostParams,
  hierarchicalVae,
  importanceLogLikelihood,
  iwae,
  type LatentModel,
  learnedNormal,
  mixtureOfNormals,
  mlp,
  type Posterior,
  type Prior,
  reconstruction,
  type SymbolicParams,
  sample,
  standardNormal,
  take,
  vae,
  vampPrior,
  withLabelCondition,
} from 'reparam';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { moments } from '../support.ts';

let runtime: Awaited<ReturnType<typeof nodeRuntime>>;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});

const hidden = () => mlp([24], { activation: 'tanh' });
const parts = { dataShape: [8, 8], latentDim: 2, encoder: hidden(), decoder: hidden() };
const unconditional = { train: digits(), test: take(digits('test'), 12) };
const labelled = { train: withLabelCondition(digits()), test: withLabelCondition(take(digits('test'), 12), 10) };
const withParts = (prior: Prior, posterior: Posterior) => vae({ ...parts, prior, posterior });

const systems: readonly (readonly [string, () => LatentModel, { readonly train: Dataset; readonly test: Dataset }])[] =
  [
    ['learned prior', () => withParts(learnedNormal(), diagonalNormal()), unconditional],
    ['mixture prior', () => withParts(mixtureOfNormals({ components: 5 }), diagonalNormal()), unconditional],
    ['VampPrior', () => withParts(vampPrior({ pseudoInputs: 12 }), diagonalNormal()), unconditional],
    ['full covariance', () => withParts(standardNormal(), fullCovarianceNormal()), unconditional],
    [
      'full covariance and its VampPrior',
      () => withParts(vampPrior({ pseudoInputs: 6 }), fullCovarianceNormal()),
      unconditional,
    ],
    ['conditional, learned prior', () => cvae({ ...parts, conditionSize: 10 }), labelled],
    ['conditional, fixed prior', () => cvae({ ...parts, conditionSize: 10, prior: standardNormal() }), labelled],
    [
      'two layers',
      () =>
        hierarchicalVae({
          ...parts,
          latentDims: [1, 1],
          upper: { encoder: mlp([6], { activation: 'tanh' }), decoder: mlp([6], { activation: 'tanh' }) },
        }),
      unconditional,
    ],
  ];

async function train(model: LatentModel, data: Dataset, epochs = 8) {
  const training = fit(model, data, { runtime, epochs, batchSize: 50, learningRate: 5e-3, binarization: 'static' });
  const elbos: number[] = [];
  for await (const epoch of training) elbos.push(epoch.train.elbo);
  return { params: training.params, elbos };
}

const settings = () => ({ runtime, binarization: 'static' as const, seed: 0, draw: 0 });
const [from, to, side] = [-7, 7, 140];
const cell = ((to - from) / side) ** 2;
const grid = Float32Array.from({ length: 2 * side * side }, (_, i) => {
  const index = i % 2 === 0 ? Math.floor(i / 2 / side) : (i >> 1) % side;
  return from + (index + 0.5) * ((to - from) / side);
});

/** log ∫ p(z) p(x given z) dz of each example by a grid over the plane. */
async function quadrature(model: LatentModel, params: HostParams, data: Dataset): Promise<Float32Array> {
  const program = await compileRows(
    (p: SymbolicParams, x: Tensor, context) => {
      const rows = x.shape[0] as number;
      const points = constant({ dtype: 'float32', shape: [side * side, 1, 2], data: grid });
      const z = broadcastTo(points, [side * side, rows, 2]);
      const joint = add(model.decode(p, z, context).logProb(x), model.prior(p, context).logProb(z));
      return { logP: add(logSumExp(joint, { axes: 0 }), Math.log(cell)) };
    },
    params,
    data,
    { ...settings(), batchSize: 3 },
  );
  const { logP } = await program.run(params, { seed: 0, draw: 0 });
  await program.dispose();
  return (logP as HostTensor).data as Float32Array;
}

describe.each(systems)('%s', (_, make, data) => {
  it('trains, and its importance-sampled log p(x) is the integral over z', async () => {
    const model = make();
    const { params, elbos } = await train(model, data.train);
    expect(elbos.at(-1)!).toBeGreaterThan(elbos[0]! + 1);
    const exact = await quadrature(model, params, data.test);
    const { logLikelihood, standardError } = await importanceLogLikelihood(model, params, data.test, {
      ...settings(),
      numSamples: 2000,
    });
    for (let i = 0; i < exact.length; i++) {
      expect(Math.abs(logLikelihood[i]! - exact[i]!), `example ${i}`).toBeLessThan(5 * standardError[i]! + 2e-3);
    }
    // The bound lies below what it bounds, and by no more than a bad posterior would explain.
    const { elbo } = await evaluate(model, params, data.test, { ...settings(), numSamples: 0 });
    const average = exact.reduce((sum, each) => sum + each, 0) / exact.length;
    expect(elbo.value - 4 * elbo.standardError).toBeLessThan(average);
    expect(elbo.value).toBeGreaterThan(average - 10);
  });

  it('draws from its prior with the moments of its density', async () => {
    const model = make();
    const { params } = await train(model, data.train, 2);
    const count = 4000;
    // Of a conditional model: all draws are of class 3.
    const condition = model.conditionSize
      ? {
          shape: [count, 10],
          dtype: 'float32' as const,
          data: new Float32Array(10 * count).map((_, i) => +(i % 10 === 3)),
        }
      : undefined;
    const { z } = await sample(model, params, count, { runtime, seed: 5, ...(condition && { condition }) });
    const program = await compileRows(
      (p: SymbolicParams, point: Tensor, context) => ({
        density: broadcastTo(model.prior(p, context).logProb(point), [point.shape[0]!]),
      }),
      params,
      {
        ...gridData,
        ...(condition && {
          condition: { data: new Float32Array(10 * side * side).map((_, i) => +(i % 10 === 3)), size: 10, scale: 1 },
        }),
      },
      { runtime },
    );
    const { density } = await program.run(params, { seed: 0, draw: 0 });
    await program.dispose();
    const weights = Array.from(density!.data as Float32Array, (l) => Math.exp(l) * cell);
    expect(weights.reduce((sum, w) => sum + w, 0)).toBeCloseTo(1, 3);
    for (const dim of [0, 1]) {
      const expectation = (f: (x: number) => number) =>
        weights.reduce((sum, w, k) => sum + w * f(grid[2 * k + dim]!), 0);
      const exact = expectation((x) => x);
      const drawn = Array.from({ length: count }, (_, i) => z.data[2 * i + dim]!);
      const { mean, variance, standardError } = moments(drawn);
      expect(Math.abs(mean - exact)).toBeLessThan(4.5 * standardError);
      const spread = moments(drawn.map((x) => (x - exact) ** 2));
      expect(Math.abs(variance - expectation((x) => (x - exact) ** 2))).toBeLessThan(4.5 * spread.standardError);
    }
  });
});

const gridData: Dataset = {
  name: 'grid',
  size: side * side,
  shape: [2],
  dtype: 'float32',
  scale: 1,
  range: { min: from, max: to },
  data: grid,
  source: 'grid',
};

describe('an autoencoder', () => {
  const model = vae({ ...parts, posterior: deltaPosterior(), likelihood: gaussianLikelihood({ scale: 0.25 }) });

  it('has a rate of 0, no importance weights, and says that its figure bounds nothing', async () => {
    const training = fit(model, digits(), { runtime, epochs: 3, objective: reconstruction() });
    for await (const { train: terms } of training) {
      expect(terms.rate).toBe(0);
      expect(terms.elbo).toBeCloseTo(-terms.distortion, 4);
    }
    const figures = await evaluate(model, training.params, unconditional.test, { runtime, numSamples: 10 });
    expect(figures).toMatchObject({ bound: 'none', rate: { value: 0 } });
    expect(figures.logLikelihood).toBeUndefined();
    await expect(() =>
      fit(model, digits(), { runtime, epochs: 1, objective: iwae() })[Symbol.asyncIterator]().next(),
    ).rejects.toThrow(/needs a posterior that is a density/);
  });
});

describe('refusals', () => {
  test.each([
    [
      'VampPrior of a conditional model',
      () => cvae({ ...parts, conditionSize: 10, prior: vampPrior() }).init(key(0)),
      /pseudo-inputs have none/,
    ],
    [
      'conditional prior without a condition',
      () => vae({ ...parts, prior: conditionalNormal() }).init(key(0)),
      /needs a conditional model/,
    ],
    ['VampPrior without inputs', () => vampPrior({ pseudoInputs: 0 }), /positive whole number/],
    [
      'two layers of point masses',
      () =>
        hierarchicalVae({
          ...parts,
          latentDims: [1, 1],
          posterior: deltaPosterior(),
          upper: { encoder: mlp([]), decoder: mlp([]) },
        }),
      /needs? a posterior that is a density/,
    ],
  ])('%s', (_, attempt, reason) => {
    expect(attempt).toThrow(reason);
  });

  it('a conditional model on data without conditions', () => {
    expect(() => fit(cvae({ ...parts, conditionSize: 10 }), digits(), { runtime, epochs: 1 })).toThrow(
      /withLabelCondition/,
    );
    expect(() => conditioned(mlp([3]), 10).apply({}, constant(0), { training: false } as never)).toThrow(
      /no condition/,
    );
  });
});
