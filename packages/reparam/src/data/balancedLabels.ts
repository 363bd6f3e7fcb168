import { ReparamError } from '@reparam/tensor';
import type { ExampleSet } from './dataset.ts';
import { permutation } from './permutation.ts';

/**
 * Keeps `count` labels, equally many of each class, drawn by a seeded permutation; every other label becomes −1.
 * A config error when `count` is no multiple of the number of classes, a data error when a class has too few.
 */
export function balancedLabels<T extends ExampleSet>(dataset: T, count: number, seed: number | bigint = 0): T {
  const { labels, targets, name } = dataset;
  if (!labels) {
    throw new ReparamError('data', targets ? 'labels of yes or no cannot be balanced' : 'data set has no labels', {
      expected: 'a class for each example',
      fix: targets ? 'Mark those to forget as −1 in the file' : 'Name the label column or file',
      at: name,
    });
  }
  const classes = [...new Set(labels)].filter((label) => label >= 0).sort((a, b) => a - b);
  const each = count / classes.length;
  if (!(Number.isInteger(each) && each > 0)) {
    throw new ReparamError('config', 'labels cannot be shared equally among the classes', {
      got: `${count} labels`,
      expected: classes.length > 0 ? `a multiple of ${classes.length}, one share a class` : 'a class for some examples',
      at: name,
    });
  }
  const kept = new Int32Array(labels.length).fill(-1);
  const left = new Map(classes.map((label) => [label, each]));
  for (const row of permutation(labels.length, seed, 'labels')) {
    const label = labels[row]!;
    const wanted = left.get(label) ?? 0;
    if (wanted === 0) continue;
    kept[row] = label;
    left.set(label, wanted - 1);
  }
  for (const [label, missing] of left) {
    if (missing > 0) {
      throw new ReparamError('data', `class ${label} has too few labels`, {
        got: `${each - missing}`,
        expected: `${each}`,
        at: name,
      });
    }
  }
  return { ...dataset, labels: kept };
}
