import { balancedLabels, carve, concatenate, type Dataset } from 'reparam';

/** How many training images have a label: all of them, or so many, equally many of each class. */
export type Budget = 'all' | number;

/** Share of all images that make the test set where every training image has a label. */
export const testShare = 0.2;

/** The images of one column of a table: what training may see, and what only the figures may. */
export interface LabelSplit {
  /** Every training image; its label, or −1 where that is hidden. */
  readonly train: Dataset;
  /** The labels that `train` hides, −1 elsewhere; undefined when it hides none. */
  readonly hidden: Int32Array | undefined;
  readonly test: Dataset;
}

/**
 * `all`: training and test images put together and split anew, 80 to 20, by a permutation with seed `draw`. A number: the
 * sets as they are, with labels drawn with seed `draw`.
 */
export function labelSplit(train: Dataset, test: Dataset, budget: Budget, draw: number): LabelSplit {
  if (budget === 'all') {
    const [rest, part] = carve(concatenate(train, test), testShare, draw, 'experiment/split');
    return { train: rest, hidden: undefined, test: part };
  }
  const few = balancedLabels(train, budget, draw);
  return { train: few, hidden: train.labels!.map((label, row) => (few.labels![row]! < 0 ? label : -1)), test };
}
