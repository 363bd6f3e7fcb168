import { ReparamError } from '@reparam/tensor';
import type { BesideRows } from './besideRows.ts';
import type { ExampleSet } from './dataset.ts';

/** Every value of a row of targets whose label is missing. */
export const unknownTarget = 255;

/**
 * `dataset` with its labels, one-hot over `numClasses` (default: largest label + 1), as what a model is trained to predict;
 * rows whose label is missing (−1) are marked as unknown. A `data` error when there are no labels, or one is too large.
 */
export function withLabelTargets<T extends ExampleSet>(dataset: T, numClasses?: number): T {
  const { labels, size } = oneHotLabels(dataset, numClasses);
  const data = new Uint8Array(labels.length * size);
  labels.forEach((label, row) => {
    if (label >= 0) data[row * size + label] = 1;
    else data.fill(unknownTarget, row * size, (row + 1) * size);
  });
  return { ...dataset, targets: { data, size, scale: 1 } };
}

/** Labels of `dataset` and how many classes there are of them. */
export function oneHotLabels({ labels, name }: ExampleSet, numClasses?: number) {
  if (!labels) {
    throw new ReparamError('data', 'data set has no labels', {
      expected: 'a label for each example',
      fix: 'Name the label column or file, or use a model without labels',
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
  return { labels, size };
}

/** Rows whose target is known, and those whose is not, both ascending. */
export function rowsByTarget({ data, size }: BesideRows): { readonly known: Int32Array; readonly unknown: Int32Array } {
  const isKnown = (_: number, row: number) => data[row * size] !== unknownTarget;
  const rows = Int32Array.from({ length: data.length / size }, (_, row) => row);
  return { known: rows.filter(isKnown), unknown: rows.filter((value, row) => !isKnown(value, row)) };
}
