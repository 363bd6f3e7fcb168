import { ReparamError } from '@reparam/tensor';
import type { ExampleSet } from './dataset.ts';

/** What is known beside each example: rows of `size` values that a conditional model is given. */
export interface ConditionRows {
  /** Row-major `[examples, size]`. */
  readonly data: Uint8Array | Float32Array;
  readonly size: number;
  /** Value in the model = stored value × scale. */
  readonly scale: number;
}

/**
 * `dataset` with its labels, one-hot over `numClasses` (default: largest label + 1), as the condition of each example.
 * A row without a label (−1) has zeros. A `data` error when there are no labels, or one is too large.
 */
export function withLabelCondition<T extends ExampleSet>(dataset: T, numClasses?: number): T {
  const { labels, name } = dataset;
  if (!labels) {
    throw new ReparamError('data', 'data set has no labels', {
      expected: 'a label for each example',
      fix: 'Name the label column or file, or use a model without a condition',
      at: name,
    });
  }
  const largest = labels.reduce((a, b) => Math.max(a, b), -1);
  const size = numClasses ?? largest + 1;
  if (size < 1 || largest >= size) {
    throw new ReparamError('data', 'labels are not of the classes the model knows', {
      got: `a label ${largest}`,
      expected: `labels from 0 to ${size - 1}`,
      at: name,
    });
  }
  const data = new Uint8Array(labels.length * size);
  labels.forEach((label, row) => {
    if (label >= 0) data[row * size + label] = 1;
  });
  return { ...dataset, condition: { data, size, scale: 1 } };
}
