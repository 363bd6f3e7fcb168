import { ReparamError } from '@reparam/tensor';
import { type Classifier, linearSvm, logisticRegression, strengthByRows } from '../../classifiers/index.ts';
import { type AnyDataset, oneHotLabels } from '../../data/index.ts';
import type { LatentModel } from '../../models/index.ts';
import type { CodeClassifierConfig } from '../config.ts';

const kinds = { 'logistic-regression': logisticRegression, 'linear-svm': linearSvm } as const;

/** The classifier a configuration describes; without a strength one that chooses it. */
export function buildClassifier({ kind, strength }: CodeClassifierConfig): Classifier {
  return strength === undefined ? strengthByRows(kinds[kind]) : kinds[kind]({ strength });
}

/**
 * `config` with what it leaves to the data: the number of classes. Throws `data` unless `data` has labels of two classes or
 * more, `config` for a model whose codes need a condition.
 */
export function resolveClassifier(
  data: AnyDataset,
  model: LatentModel,
  config: CodeClassifierConfig,
): CodeClassifierConfig & { readonly numClasses: number } {
  if (model.conditionSize !== undefined) {
    throw new ReparamError('config', 'a classifier of codes needs codes that come from the examples alone', {
      got: `a model given ${model.conditionSize} values beside each example`,
      fix: 'Leave model.condition or classifier out',
    });
  }
  const numClasses = config.numClasses ?? data.classNames?.length ?? oneHotLabels(data).size;
  const { labels, size } = oneHotLabels(data, numClasses);
  if (size >= 2 && labels.some((label) => label >= 0)) return { ...config, numClasses };
  throw new ReparamError('data', 'a classifier needs labels of two classes or more', {
    got: `${size} class${size === 1 ? '' : 'es'}, ${labels.reduce((n, label) => n + (label >= 0 ? 1 : 0), 0)} labels`,
    at: data.name,
  });
}
