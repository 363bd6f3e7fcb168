import { hostTensor, key, ReparamError, type Runtime } from '@reparam/tensor';
import {
  adam,
  batchBuffer,
  buildRecipe,
  compileTrainingStep,
  createDataset,
  type Dataset,
  evaluate,
  exampleTensors,
  fillBatches,
  type LikelihoodConfig,
  type ModelConfig,
  type ObjectiveConfig,
  type PosteriorConfig,
  type PriorConfig,
  trainable,
} from 'reparam';

/** One of each kind of every family, by name. */
export const families = {
  posterior: {
    diagonal: { kind: 'diagonal' },
    'shared-variance': { kind: 'shared-variance' },
    'full-covariance': { kind: 'full-covariance' },
    delta: { kind: 'delta' },
    flow: { kind: 'flow', layers: 'inverse-autoregressive', length: 1, hidden: [8] },
  },
  prior: {
    standard: { kind: 'standard' },
    learned: { kind: 'learned' },
    mixture: { kind: 'mixture', components: 3 },
    vamp: { kind: 'vamp', pseudoInputs: 3 },
    conditional: { kind: 'conditional', hidden: [4] },
    flow: { kind: 'flow', layers: 'coupling', length: 1, hidden: [8] },
  },
  likelihood: {
    bernoulli: { kind: 'bernoulli' },
    gaussian: { kind: 'gaussian', scale: 'shared' },
    laplace: { kind: 'laplace', scale: 'shared' },
    'continuous-bernoulli': { kind: 'continuous-bernoulli' },
    categorical: { kind: 'categorical' },
    'discretized-logistic': { kind: 'discretized-logistic', components: 2 },
    poisson: { kind: 'poisson' },
    'negative-binomial': { kind: 'negative-binomial' },
    'zero-inflated-negative-binomial': { kind: 'zero-inflated-negative-binomial' },
  },
  objective: {
    elbo: { kind: 'elbo', kl: 'analytic', numSamples: 1, beta: 1, freeBits: 0 },
    iwae: { kind: 'iwae', numSamples: 3 },
    'beta-tc': { kind: 'beta-tc', beta: 2 },
    infovae: { kind: 'infovae', alpha: 0, lambda: 2 },
    dip: { kind: 'dip', variant: 'ii', offDiagonal: 1 },
    fisher: { kind: 'fisher', mode: 'theorem' },
    hybrid: { kind: 'hybrid', alpha: 0.5, numSamples: 1 },
    'prediction-constrained': { kind: 'prediction-constrained', lambda: 1, consistency: { weight: 1 } },
    reconstruction: { kind: 'reconstruction' },
  },
  condition: { none: { kind: 'none' }, labels: { kind: 'labels' } },
} as const satisfies {
  posterior: Record<string, PosteriorConfig>;
  prior: Record<string, PriorConfig>;
  likelihood: Record<string, LikelihoodConfig>;
  objective: Record<string, ObjectiveConfig>;
  condition: Record<string, NonNullable<ModelConfig['condition']>>;
};

type Families = typeof families;
/** A kind of every family. */
export type Combination = { readonly [F in keyof Families]: keyof Families[F] & string };

/** Every combination. */
export function* combinations(): Generator<Combination> {
  const names = <F extends keyof Families>(family: F) =>
    Object.keys(families[family]) as (keyof Families[F] & string)[];
  for (const objective of names('objective'))
    for (const posterior of names('posterior'))
      for (const prior of names('prior'))
        for (const condition of names('condition'))
          for (const likelihood of names('likelihood')) yield { objective, posterior, prior, condition, likelihood };
}

const rows = 24;
const width = 4;
/** Two blurred clusters of rows, as fractions. */
const fraction = (i: number): number => {
  const [row, column] = [Math.floor(i / width), i % width];
  const center = (row + (column > 1 ? 1 : 0)) % 2 ? 0.75 : 0.25;
  return center + 0.2 * Math.sin(1.7 * i);
};
const fill = (value: (x: number) => number) => Array.from({ length: rows * width }, (_, i) => value(fraction(i)));

/** Examples a likelihood of each kind has a density for. */
const dataFor = (likelihood: Combination['likelihood']): Dataset => {
  const bytes = Uint8Array.from(fill((x) => Math.round(255 * x)));
  const init = { name: 'tiny', shape: [2, 2], labels: Int32Array.from({ length: rows }, (_, i) => i % 2) };
  switch (likelihood) {
    case 'bernoulli':
      return createDataset({ ...init, data: Uint8Array.from(fill((x) => (x > 0.5 ? 1 : 0))) });
    case 'categorical':
    case 'discretized-logistic':
      return createDataset({ ...init, data: bytes, scale: 1 / 255 });
    case 'poisson':
    case 'negative-binomial':
    case 'zero-inflated-negative-binomial':
      return createDataset({ ...init, data: Uint8Array.from(fill((x) => Math.max(0, Math.round(8 * x - 2)))) });
    default:
      return createDataset({ ...init, data: Float32Array.from(fill((x) => x)) });
  }
};

/** What came of a combination: a loss that fell, or the reason why it is not offered. */
export type Outcome = { readonly losses: readonly number[]; readonly elbo: number } | { readonly refused: string };

const steps = 30;

/** Trains a few steps on the same noise, so that the loss is one function, and evaluates. Errors that are no refusals are thrown. */
export async function tryCombination(combination: Combination, runtime: Runtime): Promise<Outcome> {
  const { posterior, prior, likelihood, objective, condition } = combination;
  try {
    const data = dataFor(likelihood);
    const recipe = buildRecipe(
      {
        model: {
          latentDim: 2,
          hidden: [6],
          activation: 'tanh',
          layerNorm: false,
          dropout: 0,
          posterior: families.posterior[posterior],
          prior: families.prior[prior],
          likelihood: families.likelihood[likelihood],
          condition: families.condition[condition],
          ...(objective === 'prediction-constrained' && { labels: { kind: 'categorical' } }),
        },
        objective: families.objective[objective],
        optimizer: { kind: 'adam', learningRate: 0.01 },
        training: { epochs: 1, batchSize: rows, microBatches: 1, seed: 0 },
      },
      data,
    );
    const { model, fitOptions } = recipe;
    const optimizer = adam();
    const params = model.init(key(3));
    const state = { params, optimizer: optimizer.init(trainable(params)) };
    const buffer = batchBuffer(recipe.data, { steps, batchSize: rows });
    const order = Int32Array.from({ length: steps * rows }, (_, i) => i % rows);
    fillBatches(buffer, recipe.data, order, 0, { seed: 0, draw: 0 });
    const step = await compileTrainingStep({
      model,
      objective: fitOptions.objective!,
      optimizer,
      runtime,
      state,
      buffer,
      datasetSize: rows,
    });
    const scalars = Object.fromEntries(
      [...step.scalars].map(([name, value]) => [
        name,
        Array.from({ length: steps }, (_, k) => value(0.01, { step: k, stepsPerEpoch: 1, totalSteps: steps })),
      ]),
    );
    const result = await step.program.run(
      state,
      { ...exampleTensors(buffer, [steps, rows]), weights: hostTensor(buffer.weights, [steps, rows]) },
      steps,
      { noise: { seed: 1, rows: buffer.rows, draws: new Int32Array(steps * rows) }, scalars },
    );
    await step.program.dispose();
    const { elbo } = await evaluate(model, result.state.params, recipe.data as Dataset, { runtime, numSamples: 2 });
    return { losses: Array.from(result.outputs.loss!.data, Number), elbo: elbo.value };
  } catch (error) {
    if (error instanceof ReparamError && ['unsupported', 'config'].includes(error.code)) {
      return { refused: error.message };
    }
    throw error;
  }
}
