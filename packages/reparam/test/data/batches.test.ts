import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchBuffer, binarizeRows, createDataset, digits, epochOrder, fillBatches } from '../../src/data/index.ts';
import { expectError } from './helpers.ts';

const set = createDataset({ name: 'f', data: Float32Array.from({ length: 14 }, (_, i) => i), shape: [2] });

describe('batches', () => {
  it('fills K batches, weights each by its rows, and pads with row 0 at weight 0', () => {
    const buffer = batchBuffer(set, { steps: 2, batchSize: 3 });
    const order = Int32Array.of(6, 5, 4, 3, 2);
    expect(fillBatches(buffer, set, order, 0, { seed: 0, draw: 0 })).toEqual({ rows: 5, steps: 2 });
    expect([...buffer.rows]).toEqual([6, 5, 4, 3, 2, 0]);
    expect([...buffer.data]).toEqual([12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 0, 1]);
    expect([...buffer.weights]).toEqual([...[1, 1, 1].map((w) => Math.fround(w / 3)), 0.5, 0.5, 0]);
    expect(fillBatches(buffer, set, order, 3, { seed: 0, draw: 0 })).toEqual({ rows: 2, steps: 1 });
    expect([[...buffer.weights], [...buffer.rows]]).toEqual([
      [0.5, 0.5, 0, 0, 0, 0],
      [3, 2, 0, 0, 0, 0],
    ]);
    expect(fillBatches(buffer, set, order, 5, { seed: 0, draw: 0 })).toEqual({ rows: 0, steps: 0 });
    expect([...buffer.weights]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('presents every example once an epoch with the right values, whatever K and B', () => {
    const images = digits('test');
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 130 }),
        fc.nat(9),
        (steps, batchSize, epoch) => {
          const buffer = batchBuffer(images, { steps, batchSize, binarization: 'dynamic' });
          const order = epochOrder(images.size, 4, epoch);
          const expected = new Uint8Array(images.size * 64);
          binarizeRows(expected, 0, images, order, 'dynamic', { seed: 4, draw: epoch });
          const seen: number[] = [];
          let batches = 0;
          for (let start = 0; start < order.length; ) {
            const filled = fillBatches(buffer, images, order, start, { binarization: 'dynamic', seed: 4, draw: epoch });
            expect(buffer.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(filled.steps, 4);
            const part = (buffer.data as Uint8Array).subarray(0, filled.rows * 64);
            expect(Buffer.compare(part, expected.subarray(start * 64, (start + filled.rows) * 64))).toBe(0);
            seen.push(...buffer.rows.subarray(0, filled.rows));
            start += filled.rows;
            batches += filled.steps;
          }
          expect(seen).toEqual([...order]);
          expect(batches).toBe(Math.ceil(images.size / batchSize));
        },
      ),
      { numRuns: 30 },
    );
  });

  it.each([
    ['none', 'Uint8Array', 1 / 16],
    ['static', 'Uint8Array', 1],
    ['dynamic', 'Uint8Array', 1],
    ['threshold', 'Uint8Array', 1],
  ] as const)('says by what %s values are scaled', (binarization, type, scale) => {
    const buffer = batchBuffer(digits(), { steps: 1, batchSize: 2, binarization });
    expect([buffer.data.constructor.name, buffer.scale]).toEqual([type, scale]);
  });

  it('refuses bad sizes and values that cannot be binarised', () => {
    expectError(() => batchBuffer(set, { steps: 0, batchSize: 3 }), 'config', /bad steps.*got 0/);
    expectError(() => batchBuffer(set, { steps: 1, batchSize: 2.5 }), 'config', /bad batchSize.*got 2.5/);
    expectError(() => batchBuffer(set, { steps: 1, batchSize: 1, binarization: 'static' }), 'data', /0 to 13/);
  });
});
