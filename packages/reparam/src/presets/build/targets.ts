import { ReparamError } from '@reparam/tensor';
import { type AnyDataset, withLabelTargets } from '../../data/index.ts';
import type { LabelPrediction, LatentModel } from '../../models/index.ts';
import type { Objective } from '../../objectives/index.ts';

/**
 * The examples with their labels as targets, where `objective` is trained on labels: class numbers one-hot over the classes
 * that `model` knows, labels of yes or no as they are. Throws `data` when the labels are not of the kind the model predicts.
 */
export function targetExamples<T extends AnyDataset>(data: T, { labels }: LatentModel, objective: Objective): T {
  if (!objective.needsTargets) return data;
  return labels?.kind === 'bernoulli' ? withYesNo(data, labels) : withLabelTargets(data, labels?.numLabels);
}

function withYesNo<T extends AnyDataset>(data: T, { numLabels }: LabelPrediction): T {
  const { targets, labels, name } = data;
  if (targets?.size === numLabels) return data;
  throw new ReparamError('data', 'labels are not those the model predicts', {
    got: targets ? `${targets.size} of yes or no` : labels ? 'a class for each example' : 'none',
    expected: `${numLabels} of yes or no`,
    fix: `Name a file of [examples, ${numLabels}] values 0, 1 or −1 (missing)`,
    at: name,
  });
}
