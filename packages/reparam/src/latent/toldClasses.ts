import type { AnyDataset } from '../data/index.ts';
import { mostProbable } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { type PredictOptions, predictLabels } from './predictLabels.ts';

/**
 * The examples with the class that the model finds most probable as the condition of each, where the class is a variable of
 * the model (M2) and they come without; all others as they are.
 */
export async function withToldClasses<T extends AnyDataset>(
  model: LatentModel,
  params: HostParams,
  dataset: T,
  options: PredictOptions,
): Promise<T> {
  const { labels } = model;
  if (!labels?.logPrior || dataset.condition) return dataset;
  const { numLabels: size } = labels;
  const { data: scores } = await predictLabels(model, params, dataset, options);
  const data = new Uint8Array(dataset.size * size);
  mostProbable(scores, size).forEach((label, row) => {
    data[row * size + label] = 1;
  });
  return { ...dataset, condition: { data, size, scale: 1 } };
}
