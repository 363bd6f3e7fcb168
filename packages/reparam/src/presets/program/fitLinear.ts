import { ReparamError, type Runtime } from '@reparam/tensor';
import {
  type DataMatrix,
  fitPpcaEm,
  type LinearGaussian,
  linearPosterior,
  linearTerms,
  linearVaeParams,
  momentsOn,
  ppca,
  principalAxes,
} from '../../classical/index.ts';
import { type AnyDataset, type Dataset, isStreamed, widthOf } from '../../data/index.ts';
import type { HostParams } from '../../params.ts';
import type { ModelConfig, RecipeConfig } from '../config.ts';

/** A linear VAE whose parameters were found without gradients. */
export interface LinearFit {
  /** For `buildModel(recipe.model, data.shape)`. */
  readonly params: HostParams;
  /** The same density with its exact figures. */
  readonly exact: LinearGaussian;
  /** Terms of the bound after every iteration, nats an example; one entry for a closed form. */
  readonly history: readonly Readonly<Record<'elbo' | 'rate' | 'distortion', number>>[];
}

/** Options of `fitLinear`. */
export interface FitLinearOptions {
  /** Sums up the covariance. */
  readonly runtime: Runtime;
  readonly onIteration?: (iteration: number, bound: number) => void;
}

/** Values of `dataset` as a matrix in the model's units. */
export const matrixOf = (dataset: Dataset): DataMatrix => ({
  data: dataset.data,
  rows: dataset.size,
  columns: widthOf(dataset),
  scale: dataset.scale,
});

/**
 * Fits the linear VAE of `recipe` by its program: probabilistic PCA in closed form, or by expectation maximisation with
 * at most `training.epochs` iterations. Throws `config` unless the model is a linear VAE with one noise variance.
 */
export async function fitLinear(
  recipe: RecipeConfig,
  dataset: AnyDataset,
  { runtime, onIteration }: FitLinearOptions,
): Promise<LinearFit> {
  const { program, model, training } = recipe;
  if (!program) throw new ReparamError('config', 'the recipe has no program', { expected: 'ppca or ppca-em' });
  const scale = scaleOf(model);
  const data = matrixOf(inMemory(dataset));
  const seen = await momentsOn(runtime, data);
  if (program.kind === 'ppca') {
    const noiseVariance = typeof scale === 'number' ? { noiseVariance: scale ** 2 } : {};
    const exact = ppca(principalAxes(seen, model.latentDim), model.latentDim, noiseVariance);
    return {
      params: linearVaeParams(exact, scale === 'shared'),
      exact,
      history: [linearTerms(seen, exact, linearPosterior(exact))],
    };
  }
  const { tolerance } = program;
  const { seed, epochs: maxIterations } = training;
  const { model: exact, steps } = fitPpcaEm(seen, model.latentDim, { seed, maxIterations, tolerance, onIteration });
  const history = steps.flatMap(({ stage, ...terms }) => (stage === 'M' ? [terms] : []));
  return { params: linearVaeParams(exact), exact, history };
}

/**
 * Refuses a recipe whose program cannot fit its model to `dataset`: `config` unless the model is a linear VAE with one
 * noise variance and values are taken as they are, `unsupported` for data that stay in files.
 */
export function checkLinearProgram(recipe: RecipeConfig, dataset: AnyDataset): void {
  const { program, model, binarization = 'none' } = recipe;
  if (!program) return;
  const scale = scaleOf(model);
  inMemory(dataset);
  if (binarization !== 'none') {
    throw new ReparamError('config', 'probabilistic PCA is fitted to the values as they are', {
      got: `binarisation ${binarization}`,
      expected: 'none',
    });
  }
  if (program.kind === 'ppca-em' && scale !== 'shared') {
    throw new ReparamError('config', 'expectation maximisation fits the noise variance', {
      got: `a fixed scale of ${scale}`,
      fix: 'Use program.kind=ppca, or model.likelihood.scale=shared',
    });
  }
}

function inMemory(dataset: AnyDataset): Dataset {
  if (!isStreamed(dataset)) return dataset;
  throw new ReparamError('unsupported', 'a closed form is fitted to data in memory', {
    got: `${dataset.name}, which is streamed`,
    fix: 'Train the linear VAE by gradients: leave out the program',
  });
}

/** The likelihood's scale; refuses what is no linear VAE with one noise variance. */
function scaleOf(model: ModelConfig): number | 'shared' {
  const { hidden, decoderHidden = [], posterior, prior, network, condition, likelihood } = model;
  const wrong = [
    hidden.length + decoderHidden.length > 0 && 'hidden layers',
    posterior.kind !== 'shared-variance' && `posterior ${posterior.kind}`,
    prior && prior.kind !== 'standard' && `prior ${prior.kind}`,
    network && network.kind !== 'mlp' && `network ${network.kind}`,
    condition && condition.kind !== 'none' && `condition ${condition.kind}`,
    model.upper && 'a second stochastic layer',
    model.flow && 'a flow',
    model.encoderInput === 'log1p' && 'encoderInput log1p',
    likelihood.kind !== 'gaussian' && `likelihood ${likelihood.kind}`,
    likelihood.kind === 'gaussian' && likelihood.scale === 'per-dimension' && 'a scale for every dimension',
  ].filter(Boolean);
  if (wrong.length === 0 && likelihood.kind === 'gaussian') return likelihood.scale as number | 'shared';
  throw new ReparamError('config', 'probabilistic PCA is a linear VAE', {
    got: wrong.join(', '),
    expected: 'no hidden layers, posterior shared-variance, prior standard, likelihood gaussian with one scale',
    fix: 'Change latentDim only, or leave out the program to train by gradients',
  });
}
