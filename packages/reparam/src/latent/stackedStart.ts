import { key, ReparamError } from '@reparam/tensor';
import type { AnyDataset } from '../data/index.ts';
import { columnMoments } from '../metrics/statistics.ts';
import { type LatentModel, withLower } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { type EncodeOptions, encode } from './encode.ts';

/** How the codes of a lower model are chosen. */
export interface StackedStartOptions extends EncodeOptions {
  /** Least standard deviation of the posterior mean over the data for a dimension to be kept; default 0.1. */
  readonly threshold?: number;
}

/**
 * Where the training of a stacked model starts: the trained lower model, the dimensions of its codes whose posterior mean
 * varies over `dataset`, and fresh parameters of the upper one. Throws `data` where no dimension does.
 */
export async function stackedStart(
  model: LatentModel,
  lower: { readonly model: LatentModel; readonly params: HostParams },
  dataset: AnyDataset,
  { threshold = 0.1, ...options }: StackedStartOptions,
): Promise<HostParams> {
  const { mean } = await encode(lower.model, lower.params, dataset, options);
  const { variance } = columnMoments(mean.data, lower.model.latentDim);
  const kept = Float32Array.from(variance, (v) => Number(Math.sqrt(v) > threshold));
  if (kept.includes(1)) return withLower(model.init(key(options.seed ?? 0)), lower.params, kept);
  throw new ReparamError('data', 'no dimension of the codes varies over the data', {
    got: `standard deviations up to ${Math.sqrt(Math.max(...variance)).toPrecision(2)}`,
    expected: `one above ${threshold}`,
    fix: 'Train the lower model for longer',
  });
}
