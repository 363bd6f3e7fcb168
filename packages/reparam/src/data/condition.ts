import type { ExampleSet } from './dataset.ts';
import { oneHotLabels } from './targets.ts';

/**
 * `dataset` with its labels, one-hot over `numClasses` (default: largest label + 1), as the condition of each example.
 * A row without a label (−1) has zeros. A `data` error when there are no labels, or one is too large.
 */
export function withLabelCondition<T extends ExampleSet>(dataset: T, numClasses?: number): T {
  const { labels, size } = oneHotLabels(dataset, numClasses);
  const data = new Uint8Array(labels.length * size);
  labels.forEach((label, row) => {
    if (label >= 0) data[row * size + label] = 1;
  });
  return { ...dataset, condition: { data, size, scale: 1 } };
}
