import { ReparamError, sizeOf } from '@reparam/tensor';
import {
  type AnyDataset,
  completion,
  completionLayout,
  type Dataset,
  isStreamed,
  oneHotLabels,
  withLabelCondition,
} from '../../data/index.ts';
import type { ConditionConfig } from '../config.ts';

/** What a conditional model is made for. */
export interface ConditionedShape {
  /** Shape of what is modelled: of completion the missing part. */
  readonly dataShape: readonly number[];
  readonly conditionSize?: number | undefined;
}

const none: ConditionConfig = { kind: 'none' };

/** What is modelled of examples of `shape`, and the size of what is given beside it. */
export function conditionedShape(shape: readonly number[], condition: ConditionConfig = none): ConditionedShape {
  switch (condition.kind) {
    case 'none':
      return { dataShape: shape };
    case 'labels': {
      const { numClasses } = condition;
      if (numClasses !== undefined) return { dataShape: shape, conditionSize: numClasses };
      throw new ReparamError('config', 'a model given labels needs the number of classes', {
        expected: 'model.condition.numClasses; from data it is found',
      });
    }
    case 'completion': {
      const { shape: part } = completionLayout(shape, condition.missing);
      return { dataShape: part, conditionSize: sizeOf(shape) - sizeOf(part) };
    }
  }
}

/** `condition` with what it leaves to the data: the number of classes, and how often each occurs. */
export function resolveCondition(data: AnyDataset, condition: ConditionConfig = none): ConditionConfig {
  if (condition.kind !== 'labels') return condition;
  const { prior } = condition;
  const numClasses = condition.numClasses ?? data.classNames?.length ?? withLabelCondition(data).condition!.size;
  return { ...condition, numClasses, ...(prior === 'frequencies' && { prior: frequencies(data, numClasses) }) };
}

/** Share of each class among the examples that have a label. */
function frequencies(data: AnyDataset, numClasses: number): number[] {
  const { labels } = oneHotLabels(data, numClasses);
  const counts = new Array<number>(numClasses).fill(0);
  for (const label of labels) if (label >= 0) counts[label]! += 1;
  const total = counts.reduce((a, b) => a + b, 0);
  return counts.map((count) => count / total);
}

/** The examples as a model with this (resolved) condition takes them. */
export function conditionExamples<T extends AnyDataset>(data: T, condition?: ConditionConfig): T;
export function conditionExamples(data: AnyDataset, condition: ConditionConfig = none): AnyDataset {
  switch (condition.kind) {
    case 'none':
      return data;
    case 'labels':
      return withLabelCondition(data, condition.numClasses);
    case 'completion':
      return completion(inMemory(data), condition);
  }
}

function inMemory(data: AnyDataset): Dataset {
  if (!isStreamed(data)) return data;
  throw new ReparamError('unsupported', 'completion needs the pictures in memory', {
    got: 'a data set that stays in files',
    at: data.name,
  });
}
