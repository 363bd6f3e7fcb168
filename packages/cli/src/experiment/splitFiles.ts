import { dirname, join } from 'node:path';
import { hostTensor } from '@reparam/tensor';
import { type Dataset, subset, writeNpy } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { makeFolders } from '../run/folder.ts';
import { exists } from '../run/openRun.ts';
import { type Budget, type LabelSplit, labelSplit } from './labelSplit.ts';

/**
 * Paths of one split as npy files. Training is given `train` and `trainLabels`, or the labelled images alone, and the images
 * of `test`; `testLabels` and `hiddenLabels` are opened when figures are made, and then only.
 */
export interface SplitFiles {
  readonly train: string;
  /** −1 where a label is hidden. */
  readonly trainLabels: string;
  /** The images that have a label; those of `train` when all have one. */
  readonly labelled: string;
  readonly test: string;
  readonly testLabels: string;
  /** The labels that `trainLabels` hides, where it hides any. */
  readonly hiddenLabels?: string;
}

/** Where the files of a draw lie in `folder`. */
export function splitFiles(folder: string, budget: Budget, draw: number): SplitFiles {
  const own = join(folder, budget === 'all' ? `split-${draw}` : `labels-${budget}-${draw}`);
  const images = budget === 'all' ? own : folder;
  return {
    train: join(images, 'train.npy'),
    test: join(images, 'test.npy'),
    testLabels: join(images, 'testLabels.npy'),
    trainLabels: join(own, 'trainLabels.npy'),
    labelled: budget === 'all' ? join(images, 'train.npy') : join(own, 'labelled.npy'),
    ...(budget !== 'all' && { hiddenLabels: join(own, 'hiddenLabels.npy') }),
  };
}

/** Writes those of the files that are not there. Each is written whole, so that one that is there is right. */
export async function writeSplit(
  folder: string,
  { train, test }: { readonly train: Dataset; readonly test: Dataset },
  budget: Budget,
  draw: number,
): Promise<SplitFiles> {
  const files = splitFiles(folder, budget, draw);
  const missing: (keyof SplitFiles)[] = [];
  for (const [name, path] of Object.entries(files)) {
    if (!(await exists(path))) missing.push(name as keyof SplitFiles);
  }
  if (missing.length === 0) return files;
  const split = labelSplit(train, test, budget, draw);
  for (const name of missing) {
    const path = files[name]!;
    await makeFolders(dirname(path));
    // Of two names for one file the second finds it written.
    if (!(await exists(path))) await writeFileAtomic(path, contentOf(split, name));
  }
  return files;
}

function contentOf({ train, hidden, test }: LabelSplit, name: keyof SplitFiles): Uint8Array {
  switch (name) {
    case 'train':
      return images(train);
    case 'test':
      return images(test);
    case 'trainLabels':
      return labels(train.labels!);
    case 'testLabels':
      return labels(test.labels!);
    case 'hiddenLabels':
      return labels(hidden!);
    case 'labelled':
      return images(subset(train, rowsWithLabel(train.labels!)));
  }
}

const rowsWithLabel = (labels: Int32Array): number[] => [...labels.keys()].filter((row) => labels[row]! >= 0);

const images = ({ data, size, shape }: Dataset) => writeNpy(hostTensor(data, [size, ...shape]));

const labels = (values: Int32Array) => writeNpy(hostTensor(values, [values.length]));
