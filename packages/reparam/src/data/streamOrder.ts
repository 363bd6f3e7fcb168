import { epochOrder, permutation } from './permutation.ts';
import { type AnyDataset, isStreamed, type StreamedDataset } from './streamed.ts';

/**
 * The order in which epoch `epoch` presents a streamed set: its blocks in a seeded order, `bufferBlocks` of them at a time
 * shuffled together. A function of (seed, epoch) and the blocks alone, so that training can resume at any step; an
 * example is presented among those of its own `bufferBlocks` blocks, so no more than these are in memory.
 */
export function streamOrder(
  { size, blocks, bufferBlocks }: Pick<StreamedDataset, 'size' | 'blocks' | 'bufferBlocks'>,
  seed: number | bigint,
  epoch: number,
): Int32Array {
  const order = new Int32Array(size);
  const shuffled = permutation(blocks.length - 1, seed, 'epoch/blocks', epoch);
  let start = 0;
  for (let group = 0; group * bufferBlocks < shuffled.length; group++) {
    let end = start;
    for (const block of shuffled.subarray(group * bufferBlocks, (group + 1) * bufferBlocks)) {
      for (let row = blocks[block]!; row < blocks[block + 1]!; row++) order[end++] = row;
    }
    const held = order.slice(start, end);
    const places = permutation(held.length, seed, `epoch/buffer/${group}`, epoch);
    for (let i = 0; i < held.length; i++) order[start + i] = held[places[i]!]!;
    start = end;
  }
  return order;
}

/** The order in which epoch `epoch` presents the examples of `dataset`: any in memory, within its buffer when streamed. */
export const presentationOrder = (dataset: AnyDataset, seed: number | bigint, epoch: number): Int32Array =>
  isStreamed(dataset) ? streamOrder(dataset, seed, epoch) : epochOrder(dataset.size, seed, epoch);
