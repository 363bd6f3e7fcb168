import { type Fold, permutation } from 'reparam';

/** Labelled images from which on one validation part is enough. */
export const many = 2000;

/**
 * Validation rows among the labelled ones, which are all there is to choose by: each of five parts in turn where labels are
 * few, one part of ten where they are many; every class is shared out evenly. `copies`: rows repeat so many times, image i
 * being row i of each repetition, and an image is wholly of one part.
 */
export function foldsOf(labels: Int32Array, seed: number, copies = 1): Fold[] {
  const count = labels.length / copies;
  const parts = count < many ? 5 : 10;
  const [part, met] = [new Int32Array(count), new Map<number, number>()];
  for (const image of permutation(count, seed, 'experiment/folds')) {
    const before = met.get(labels[image]!) ?? 0;
    part[image] = before % parts;
    met.set(labels[image]!, before + 1);
  }
  const keep = (isKept: (part: number) => boolean) =>
    labels.map((label, row) => (isKept(part[row % count]!) ? label : -1));
  return Array.from({ length: count < many ? parts : 1 }, (_, k) => ({
    train: keep((own) => own !== k),
    validation: keep((own) => own === k),
  }));
}
