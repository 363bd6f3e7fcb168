import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { streamOrder } from '../../src/data/index.ts';

const shape = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 }),
  bufferBlocks: fc.integer({ min: 1, max: 50 }),
  seed: fc.nat(1000),
  epoch: fc.nat(20),
});

const blocksOf = (lengths: readonly number[]) => {
  let row = 0;
  return Int32Array.from([0, ...lengths.map((length) => (row += length))]);
};

describe('streamOrder', () => {
  it('is a permutation, the same for the same seed and epoch, and stays within its buffer of blocks', () => {
    fc.assert(
      fc.property(shape, ({ lengths, bufferBlocks, seed, epoch }) => {
        const blocks = blocksOf(lengths);
        const size = blocks.at(-1)!;
        const set = { size, blocks, bufferBlocks };
        const order = streamOrder(set, seed, epoch);
        expect([...order].sort((a, b) => a - b)).toEqual([...Array(size).keys()]);
        expect(streamOrder(set, seed, epoch)).toEqual(order);
        // Cut where the number of blocks met reaches bufferBlocks: no block is met again after its part.
        const blockOf = Array.from(order, (row) =>
          blocks.findIndex((start, i) => row >= start && row < blocks[i + 1]!),
        );
        const met = new Set<number>();
        let part = new Set<number>();
        let left = 0;
        for (const block of blockOf) {
          if (left === 0) {
            part = new Set();
          }
          if (!part.has(block)) {
            expect(met.has(block)).toBe(false);
            met.add(block);
            part.add(block);
            left += lengths[block]!;
          }
          left--;
          expect(part.size).toBeLessThanOrEqual(bufferBlocks);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('differs between epochs and seeds, and shuffles over the whole buffer', () => {
    const set = { size: 1000, blocks: blocksOf(Array(100).fill(10)), bufferBlocks: 100 };
    const order = streamOrder(set, 1, 0);
    expect(streamOrder(set, 1, 1)).not.toEqual(order);
    expect(streamOrder(set, 2, 0)).not.toEqual(order);
    // Mean distance of a uniform permutation from its place: (n² − 1) / 3n.
    const distance = order.reduce((total, row, i) => total + Math.abs(row - i), 0) / 1000;
    expect(distance).toBeGreaterThan(300);
    expect(distance).toBeLessThan(370);
    const neighbours = order.filter((row, i) => i > 0 && Math.abs(row - order[i - 1]!) < 10).length;
    expect(neighbours).toBeLessThan(60);
  });
});
