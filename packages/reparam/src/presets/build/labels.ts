import { ReparamError } from '@reparam/tensor';
import { type AnyDataset, withLabelTargets } from '../../data/index.ts';
import { type LatentModel, withLabelHead } from '../../models/index.ts';
import type { LabelsConfig } from '../config.ts';

/** `model` with the head that `config` describes, where it describes one. */
export function withLabels(model: LatentModel, config: LabelsConfig | undefined): LatentModel {
  if (!config) return model;
  const { numLabels } = config;
  if (numLabels !== undefined) return withLabelHead(model, { ...config, numLabels });
  throw new ReparamError('config', 'a model that predicts labels needs their number', {
    expected: 'model.labels.numLabels; from data it is found',
  });
}

/** `config` with what it leaves to the data: the number of labels. */
export function completeLabels(config: LabelsConfig, data: AnyDataset): LabelsConfig {
  if (config.numLabels !== undefined) return config;
  if (config.kind !== 'bernoulli') {
    return { ...config, numLabels: data.classNames?.length ?? withLabelTargets(data).targets!.size };
  }
  if (data.targets) return { ...config, numLabels: data.targets.size };
  throw new ReparamError('data', 'labels of yes or no are not there', {
    got: data.labels ? 'a class for each example' : 'no labels',
    fix: 'Name a file of [examples, labels] values 0, 1 or −1 (missing), or set model.labels.kind to categorical',
    at: data.name,
  });
}
