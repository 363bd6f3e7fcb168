import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  balancedLabels,
  concatenate,
  createDataset,
  type Dataset,
  epochOrder,
  permutation,
  splitValidation,
  subset,
  take,
  valueKind,
} from '../../src/data/index.ts';
import { expectError } from './helpers.ts';

/** Row i holds 2i and 2i + 1 (mod 256) and label i mod 3. */
const table = (size: number): Dataset =>
  createDataset({
    name: 'table',
    data: Uint8Array.from({ length: 2 * size }, (_, i) => i),
    shape: [2],
    scale: 1 / 255,
    labels: Int32Array.from({ length: size }, (_, i) => i % 3),
  });

describe('createDataset', () => {
  it('finds size, type and range', () => {
    expect(table(5)).toMatchObject({ size: 5, dtype: 'uint8', range: { min: 0, max: 9 } });
    const floats = createDataset({ name: 'f', data: Float32Array.of(-1, 2.5, 0, 1), shape: [2] });
    expect(floats).toMatchObject({ size: 2, dtype: 'float32', scale: 1, range: { min: -1, max: 2.5 } });
  });

  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  it.each<[string, Parameters<typeof createDataset>[0], RegExp]>([
    ['no values', { name: 'n', data: new Uint8Array(), shape: [2] }, /empty/],
    ['no width', { name: 'n', data, shape: [0] }, /empty/],
    ['part of a row', { name: 'n', data, shape: [4] }, /got 6 values, expected a multiple of 4/],
    ['too few labels', { name: 'n', data, shape: [3], labels: Int32Array.of(1) }, /got 1 labels, expected 2/],
    ['NaN', { name: 'n', data: data.with(4, Number.NaN), shape: [3] }, /row 1, column 1.*got NaN/],
    ['infinity', { name: 'n', data: data.with(2, Number.NEGATIVE_INFINITY), shape: [3] }, /row 0, column 2.*-Infinity/],
  ])('refuses: %s', (_, init, message) => expectError(() => createDataset(init), 'data', message));

  it.each<[string, Uint8Array | Float32Array, number, string]>([
    ['bytes 0 and 1', Uint8Array.of(0, 1), 1, 'binary'],
    ['bytes 0 and 255', Uint8Array.of(0, 255), 1 / 255, 'binary'],
    ['grey bytes', Uint8Array.of(0, 3, 255), 1 / 255, 'unit'],
    ['digits', Uint8Array.of(0, 16, 8), 1 / 16, 'unit'],
    ['bytes above their scale', Uint8Array.of(0, 17), 1 / 16, 'real'],
    ['floats 0 and 1', Float32Array.of(0, 1), 1, 'binary'],
    ['floats in [0, 1]', Float32Array.of(0, 0.5), 1, 'unit'],
    ['negative floats', Float32Array.of(0, -0.01), 1, 'real'],
    ['large floats', Float32Array.of(0, 1.01), 1, 'real'],
  ])('knows the values of %s', (_, data, scale, kind) =>
    expect(valueKind(createDataset({ name: 'v', data, scale, shape: [1] }))).toBe(kind));
});

describe('permutation', () => {
  it('orders every number once, the same for the same seed, another for another seed, site or draw', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), (n, seed) => {
        const order = permutation(n, seed);
        expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
        expect(permutation(n, seed)).toEqual(order);
      }),
      { numRuns: 50 },
    );
    const orders = [permutation(50, 1), permutation(50, 2), permutation(50, 1, 'x'), permutation(50, 1, 'x', 1)];
    expect(new Set(orders.map(String)).size).toBe(4);
    expect(epochOrder(50, 1, 0)).not.toEqual(epochOrder(50, 1, 1));
  });

  it('draws each of the 24 orders of 4 equally often (χ², 23 degrees of freedom, below its 1 − 1e-6 quantile 70.5)', () => {
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 12_000; draw++) {
      const order = String(permutation(4, 7, 'test', draw));
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect([...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0)).toBeLessThan(70.5);
  });
});

describe('parts of a data set', () => {
  it('takes rows with their labels and their numbers in the source, also of a part', () => {
    const part = subset(table(10), [7, 2, 9]);
    expect([[...part.data], [...part.labels!], [...part.rowIds!]]).toEqual([
      [14, 15, 4, 5, 18, 19],
      [1, 2, 0],
      [7, 2, 9],
    ]);
    expect([...subset(part, [2, 0]).rowIds!]).toEqual([9, 7]);
    expect(take(part, 2)).toMatchObject({ size: 2, data: Uint8Array.of(14, 15, 4, 5), rowIds: Int32Array.of(7, 2) });
    expect(take(part, 5).size).toBe(3);
  });

  it.each([[-1], [10], [0.5], [Number.NaN]])('refuses row %s of 10', (row) =>
    expectError(() => subset(table(10), [row]), 'data', /no such example.*0 to 9/));

  it.each([
    [0.1, 10],
    [25, 25],
    [0.001, 1],
    [99, 99],
  ])('sets aside %s of 100', (amount, count) => {
    const { train, validation } = splitValidation(table(100), amount, 3);
    expect([validation.size, train.size, train.split, validation.split]).toEqual([
      count,
      100 - count,
      'train',
      'validation',
    ]);
    const ids = [...train.rowIds!, ...validation.rowIds!];
    expect(ids.sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
    expect(splitValidation(table(100), amount, 3).validation.rowIds).toEqual(validation.rowIds);
    expect([...validation.rowIds!]).toEqual([...validation.rowIds!].sort((a, b) => a - b));
  });

  it('sets aside other rows for another seed', () => {
    const rows = (seed: number) => splitValidation(table(100), 20, seed).validation.rowIds;
    expect(rows(0)).not.toEqual(rows(1));
  });

  it.each([[0], [-1], [100], [1.5], [Number.NaN]])('refuses to set aside %s of 100', (amount) =>
    expectError(() => splitValidation(table(100), amount), 'config', /cannot set aside/));

  it('keeps equally many labels of each class', () => {
    const set = table(60);
    const kept = balancedLabels(set, 12, 5).labels!;
    for (const label of [0, 1, 2]) expect(kept.filter((y) => y === label).length).toBe(4);
    expect(kept.every((y, row) => y === -1 || y === set.labels![row])).toBe(true);
    expect(balancedLabels(set, 12, 5).labels).toEqual(kept);
    expect(balancedLabels(set, 12, 6).labels).not.toEqual(kept);
  });

  it.each<[string, Dataset, number, string, RegExp]>([
    ['no multiple', table(60), 10, 'config', /multiple of 3/],
    ['none', table(60), 0, 'config', /multiple of 3/],
    ['too many', table(9), 12, 'data', /class 0 has too few labels.*got 3, expected 4/],
    ['no labels', { ...table(9), labels: undefined }, 3, 'data', /has no labels/],
  ])('refuses to keep labels: %s', (_, set, count, code, message) =>
    expectError(() => balancedLabels(set, count), code, message));

  it('joins sets, and refuses unlike ones', () => {
    const both = concatenate(table(2), table(3), 'all');
    expect(both).toMatchObject({ size: 5, split: 'all', range: { min: 0, max: 5 } });
    expect([[...both.data], [...both.labels!]]).toEqual([
      [0, 1, 2, 3, 0, 1, 2, 3, 4, 5],
      [0, 1, 0, 1, 2],
    ]);
    expectError(() => concatenate(table(2), { ...table(2), scale: 1 }), 'data', /do not match/);
  });
});
