import { type HostTensor, ReparamError, sizeOf } from '@reparam/tensor';
import { type AnyDataset, type Binarization, requireSupport, widthOf } from '../data/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import type { Bound } from '../posteriors/index.ts';
import { boundRows, figure as figurePrefix, withoutClass } from './bound.ts';
import { importanceLogLikelihood } from './importance.ts';
import { compileRows, type RowsOptions } from './rows.ts';
import { columnMoments, type Estimate, estimate } from './statistics.ts';

/** How a model is measured. */
export interface EvaluateOptions extends RowsOptions {
  /** Importance samples an example for the log-likelihood; 0 leaves it out. */
  readonly numSamples?: number;
  readonly seed?: number;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** Figures of a model on a data set, nats per example, as log-probabilities. */
export interface Evaluation {
  readonly elbo: Estimate;
  readonly rate: Estimate;
  readonly distortion: Estimate;
  /** Importance-sampled, or the ELBO itself where that is exact; absent when no samples were asked for. */
  readonly logLikelihood?: Estimate;
  readonly numSamples: number;
  readonly numExamples: number;
  /** What `elbo` is: a lower bound, the log-likelihood, or the log-likelihood of the reconstruction, which bounds nothing. */
  readonly bound: Bound;
  /** Latent dimensions whose posterior mean varies over the data: variance above 0.01 (Burda et al. 2016). */
  readonly activeUnits: number;
  /** Which they are. */
  readonly activeDimensions: number[];
  /** Which are not: the code does not move with the data there (posterior collapse). */
  readonly collapsedDimensions: number[];
  /** KL of each latent dimension, averaged over the data; absent for posteriors or priors that do not factorise. */
  readonly klPerDimension?: number[];
  /**
   * What else the model measures of an example: of a flow on pixels, the log-likelihood in other units; of a model that sums
   * out the class, the part of the rate that is about it, and ELBO and log-likelihood given the class where examples have one.
   */
  readonly figures?: Readonly<Record<string, Estimate>>;
  /** Whether log-probabilities are of values that can be counted, or densities: those depend on the scale of the data. */
  readonly quantity: 'probability' | 'density';
  /** −log p / (D log 2) by `logLikelihood`, else by the bound; for bytes only. */
  readonly bitsPerDimension?: Estimate;
  readonly unit: 'nats/example';
}

const activeThreshold = 0.01;

/**
 * ELBO, rate, distortion, importance-sampled log-likelihood, active units and KL per dimension of `model` on `dataset`. Where
 * the class is a variable of the model they are of log p(x), without looking at labels; further
 * figures are of log p(x given y).
 */
export async function evaluate(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: EvaluateOptions,
): Promise<Evaluation> {
  requireData(model, dataset, options.binarization);
  if (!model.labels?.logPrior || !dataset.condition) return measure(model, params, dataset, options);
  const { onProgress } = options;
  const half = (from: number) => ({ ...options, onProgress: (share: number) => onProgress?.(from + share / 2) });
  const whole = await measure(model, params, withoutClass(model, dataset), half(0));
  const { elbo, logLikelihood } = await measure(model, params, dataset, half(0.5));
  const given = { elboGivenClass: elbo, ...(logLikelihood && { logLikelihoodGivenClass: logLikelihood }) };
  return { ...whole, figures: { ...whole.figures, ...given } };
}

async function measure(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { numSamples = 500, seed = 0, onProgress, signal } = options;
  if (!Number.isInteger(numSamples) || numSamples < 0) {
    throw new ReparamError('config', 'numSamples', { got: String(numSamples), expected: 'a whole number, 0 or more' });
  }
  const run = { seed, draw: evaluationDraw, signal };
  const program = await compileRows(boundRows(model, 1), params, dataset, options);
  const rows = await program.run(params, run).finally(() => program.dispose());
  const figure = (name: string) => estimate((rows[name] as HostTensor).data as Float32Array);
  const { variance } = columnMoments(rows.mean!.data as Float32Array, model.latentDim);
  const activeDimensions = [...variance.keys()].filter((j) => variance[j]! > activeThreshold);
  const kl = rows.klPerDimension;
  const sampled =
    numSamples > 0 && (model.bound ?? 'lower') === 'lower'
      ? await importanceLogLikelihood(model, params, dataset, { ...options, ...run, numSamples, onProgress })
      : undefined;
  const names = Object.keys(rows).flatMap((name) =>
    name.startsWith(figurePrefix) ? [name.slice(figurePrefix.length)] : [],
  );
  const elbo = figure('elbo');
  const isContinuous = model.support === 'unit' || model.support === 'real';
  const quantity = model.quantity ?? (isContinuous ? 'density' : 'probability');
  const logLikelihood = sampled && estimate(sampled.logLikelihood);
  return {
    elbo,
    rate: figure('rate'),
    distortion: figure('distortion'),
    ...(logLikelihood && { logLikelihood }),
    ...(model.bound === 'exact' && { logLikelihood: elbo }),
    ...(names.length > 0 && { figures: Object.fromEntries(names.map((name) => [name, figure(figurePrefix + name)])) }),
    numSamples,
    numExamples: dataset.size,
    bound: model.bound ?? 'lower',
    activeUnits: activeDimensions.length,
    activeDimensions,
    collapsedDimensions: [...variance.keys()].filter((j) => !activeDimensions.includes(j)),
    ...(kl && { klPerDimension: [...columnMoments(kl.data as Float32Array, model.latentDim).mean] }),
    quantity,
    ...((model.support === 'byte' || model.quantity === 'probability') && {
      bitsPerDimension: bitsPerDimension(logLikelihood ?? elbo, widthOf(dataset)),
    }),
    unit: 'nats/example',
  };
}

/** Nats an example as bits a value, of the opposite sign: what a code for the values would take. */
const bitsPerDimension = ({ value, standardError }: Estimate, values: number): Estimate => ({
  value: -value / (values * Math.LN2),
  standardError: standardError / (values * Math.LN2),
});

/** Presentation number of evaluation data: beyond any epoch, so that no draw of training is met again. */
export const evaluationDraw = 0x40000000;

/** Throws `data` unless the examples have the size the model was made for. */
export function requireShape(model: LatentModel, dataset: AnyDataset): void {
  requireCondition(model, dataset);
  if (widthOf(dataset) === sizeOf(model.dataShape)) return;
  throw new ReparamError('data', 'examples are not of the size the model was made for', {
    got: `[${dataset.shape.join(', ')}]`,
    expected: `[${model.dataShape.join(', ')}]`,
    at: dataset.name,
  });
}

function requireCondition({ conditionSize, labels }: LatentModel, { condition, name }: AnyDataset): void {
  if (conditionSize === undefined || condition?.size === conditionSize) return;
  if (labels?.logPrior && !condition) return;
  throw new ReparamError('data', 'examples come without the condition this model needs', {
    got: condition ? `conditions of ${condition.size} values` : 'no condition',
    expected: `${conditionSize} values beside each example`,
    fix: 'Give the data set conditions: withLabelCondition for class labels',
    at: name,
  });
}

/** Throws `data` unless `model` can be applied to the examples: their size, and values its likelihood has a density for. */
export function requireData(model: LatentModel, dataset: AnyDataset, binarization: Binarization = 'none'): void {
  requireShape(model, dataset);
  const { support } = model;
  if (support === 'real' || binarization !== 'none') return;
  if (support !== 'binary') {
    requireSupport(dataset, support, model.describe().likelihood);
    return;
  }
  const [min, max] = [dataset.range.min * dataset.scale, dataset.range.max * dataset.scale];
  if (min >= 0 && max <= 1 + 1e-6) return;
  throw new ReparamError('data', 'a Bernoulli likelihood needs values in [0, 1]', {
    got: `values from ${min} to ${max}`,
    expected: 'values in [0, 1]',
    fix: 'Use a Gaussian likelihood, or rescale the data',
    at: dataset.name,
  });
}
