import { type Float32Tensor, ReparamError } from '@reparam/tensor';
import { type AnyDataset, widthOf } from '../data/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { EncodeOptions } from './encode.ts';

/** How missing values are drawn. */
export interface ImputeOptions extends Omit<EncodeOptions, 'condition'> {
  /** 1 where a value is missing, 0 where it is known: row-major [n, ...shape], or one example's for all. */
  readonly missing: Uint8Array;
  /** Chains an example, whose last states are the draws. */
  readonly draws: number;
  /** Steps of each chain; the first half is left out of means and likelihoods. */
  readonly sweeps: number;
  /**
   * `metropolis` (default) draws from p(missing given known) in the long run, whatever the encoder; `gibbs` does so far as the
   * encoder is the exact posterior, and needs no density of codes that it did not draw.
   */
  readonly method?: 'metropolis' | 'gibbs';
  /** Where missing values start, [...shape], such as the mean of the training data; default 0. */
  readonly start?: ArrayLike<number>;
}

/** Examples with their missing values filled in, float32 in the model's units. */
export interface Imputations {
  /** As the model saw them, [n, D]. */
  readonly truth: Float32Tensor;
  /** Draws [n, draws, D]; known values are as they were. */
  readonly draws: Float32Tensor;
  /** The same with the likelihood's mean at the last code of each chain in place of a draw of values. */
  readonly drawMeans: Float32Tensor;
  /** Mean of missing values given the known, over all chains and kept steps, [n, D]. */
  readonly mean: Float32Tensor;
  /** Share of proposed codes that were accepted; 1 for `gibbs`. */
  readonly acceptance: number;
  /**
   * log (1/k) Σ p(missing given z_i) over the k kept codes of each example, nats: an estimate of log p(missing given known) that
   * is too small on average. Absent for likelihoods whose values are not independent given z.
   */
  readonly logLikelihood?: Float64Array;
}

/** Throws unless values of `dataset` can be imputed so; `unsupported` for models without a posterior density. */
export function checkImpute(
  model: LatentModel,
  dataset: AnyDataset,
  { missing, draws, sweeps, start }: ImputeOptions,
): void {
  const width = widthOf(dataset);
  if (model.bound === 'none' || model.bound === 'exact') {
    throw new ReparamError('unsupported', 'missing values are drawn by way of codes with a density', {
      got:
        model.bound === 'none' ? 'an autoencoder, whose code is a point' : 'a flow, whose code holds the whole example',
      fix: 'Take a model with a posterior that has a density, such as the preset vae',
    });
  }
  for (const [name, value, fewest] of [
    ['draws', draws, 1],
    ['sweeps', sweeps, 2],
  ] as const) {
    if (Number.isInteger(value) && value >= fewest) continue;
    throw new ReparamError('config', name, { got: `${value}`, expected: `a whole number, ${fewest} or more` });
  }
  if ((missing.length !== width && missing.length !== width * dataset.size) || (start && start.length !== width)) {
    throw new ReparamError('shape', 'what is missing does not match the examples', {
      got: `${missing.length} values missing or not${start ? `, a start of ${start.length}` : ''}`,
      expected: `${width} for all examples, or as many for each of ${dataset.size}`,
    });
  }
  if (missing.includes(1) && missing.every((value) => value <= 1)) return;
  throw new ReparamError('data', 'what is missing', {
    got: 'no value',
    expected: '1 where a value is missing, else 0',
  });
}
