import { ReparamError } from '@reparam/tensor';
import { permutation } from './permutation.ts';
import { type AnyDataset, isStreamed } from './streamed.ts';
import { presentationOrder } from './streamOrder.ts';
import { rowsByTarget } from './targets.ts';

/** What the batches of an epoch are filled with. */
export interface Presentation {
  /** Steps of an epoch. */
  readonly steps: number;
  /** Examples an epoch presents for the first time: its averages are over them. */
  readonly size: number;
  /** Of `size`, those in step `step` of the epoch. */
  sizeOf(step: number): number;
  /** How many rows at the start of each batch have a label; all of them, where every example of the set has. */
  readonly numLabelled: number;
  /** What epoch `epoch` presents. */
  epoch(epoch: number): EpochRows;
}

/** Rows of the data set, batch after batch. */
export interface EpochRows {
  readonly order: Int32Array;
  /** How often each has been presented before; one number where it is the same for all. */
  readonly draws: number | Int32Array;
  /** Weight of each row of a full batch and of the last one, where they are not one over the number of rows. */
  readonly weights?: Float32Array | undefined;
}

/** Every example once an epoch, in a seeded order. */
export function plainOrder(dataset: AnyDataset, batchSize: number, seed: number | bigint): Presentation {
  const { size } = dataset;
  return {
    steps: Math.ceil(size / batchSize),
    size,
    sizeOf: (step) => Math.min(batchSize, size - step * batchSize),
    numLabelled: batchSize,
    epoch: (epoch) => ({ order: presentationOrder(dataset, seed, epoch), draws: epoch }),
  };
}

/**
 * Batches of `numLabelled` rows with a label, then rows without. An epoch presents every row without a label once; rows with
 * one come round as often as it takes, in a new order each time round. The weights of a batch make its weighted sum an
 * estimate of the mean over the whole set, whatever the mix: (N_l/N) mean over its labelled rows + (N_u/N) mean over the
 * others. A set whose rows all have a label is presented in the plain order.
 */
export function mixedOrder(
  dataset: AnyDataset,
  batchSize: number,
  seed: number | bigint,
  numLabelled = Math.ceil(batchSize / 2),
): Presentation {
  const { targets, name } = dataset;
  if (!targets) {
    throw new ReparamError('data', 'training needs labels', {
      got: 'a data set without targets',
      fix: 'Give the data set targets: withLabelTargets for class labels',
      at: name,
    });
  }
  const { known, unknown } = rowsByTarget(targets);
  if (unknown.length === 0) return plainOrder(dataset, batchSize, seed);
  if (known.length === 0) {
    throw new ReparamError('data', 'no example has a label', { expected: 'at least one label', at: name });
  }
  if (isStreamed(dataset)) {
    throw new ReparamError('unsupported', 'labels of some examples only need the examples in memory', {
      got: 'a data set that stays in files',
      at: name,
    });
  }
  if (!(Number.isInteger(numLabelled) && numLabelled >= 1 && numLabelled < batchSize)) {
    throw new ReparamError('config', 'labelled examples in a batch', {
      got: `${numLabelled} of ${batchSize}`,
      expected: `a whole number from 1 to ${batchSize - 1}`,
    });
  }
  const numOthers = batchSize - numLabelled;
  const steps = Math.ceil(unknown.length / numOthers);
  const share = known.length / dataset.size;
  const othersOf = (step: number) => Math.min(numOthers, unknown.length - step * numOthers);
  return {
    steps,
    size: unknown.length,
    sizeOf: othersOf,
    numLabelled,
    epoch(epoch) {
      const order = new Int32Array((steps - 1) * batchSize + numLabelled + othersOf(steps - 1));
      const draws = new Int32Array(order.length).fill(epoch);
      const weights = new Float32Array(order.length);
      const others = permutation(unknown.length, seed, 'epoch/unlabelled', epoch);
      let round = -1;
      let rounds = new Int32Array();
      for (let step = 0; step < steps; step++) {
        const start = step * batchSize;
        for (let i = 0; i < numLabelled; i++) {
          const position = (epoch * steps + step) * numLabelled + i;
          const now = Math.floor(position / known.length);
          if (now !== round) rounds = permutation(known.length, seed, 'epoch/labelled', now) as typeof rounds;
          round = now;
          order[start + i] = known[rounds[position % known.length]!]!;
          draws[start + i] = now;
        }
        const count = othersOf(step);
        for (let i = 0; i < count; i++) order[start + numLabelled + i] = unknown[others[step * numOthers + i]!]!;
        weights.fill(share / numLabelled, start, start + numLabelled);
        weights.fill((1 - share) / count, start + numLabelled, start + numLabelled + count);
      }
      return { order, draws, weights };
    },
  };
}
