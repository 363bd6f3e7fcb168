import { describe, expect, it } from 'vitest';
import { binarizeRows, createDataset, type Dataset, digits, subset } from '../../src/data/index.ts';
import { expectError } from './helpers.ts';

/** Every byte value once: 64 blocks of four. */
const ramp = createDataset({
  name: 'ramp',
  data: Uint8Array.from({ length: 256 }, (_, v) => v),
  shape: [256],
  scale: 1 / 255,
});

const bits = (
  set: Dataset,
  rows: number[],
  draw: number | Int32Array,
  seed = 1,
  mode: 'static' | 'dynamic' = 'dynamic',
) => {
  const width = set.data.length / set.size;
  const out = new Uint8Array(rows.length * width).fill(9);
  binarizeRows(out, 0, set, Int32Array.from(rows), mode, { seed, draw });
  return out;
};

const add = (sums: Float64Array, values: Uint8Array) => {
  for (let i = 0; i < values.length; i++) sums[i]! += values[i]!;
};

/** The same values as `set` where the reading of four bytes at once cannot be used. */
const misaligned = (set: Dataset): Dataset => {
  const data = new Uint8Array(set.data.length + 1).subarray(1);
  data.set(set.data);
  return { ...set, data };
};

describe('binarizeRows', () => {
  it.each<[string, Dataset]>([
    ['bytes', ramp],
    ['bytes out of step', misaligned(ramp)],
    ['floats', createDataset({ name: 'f', data: Float32Array.from(ramp.data, (v) => v / 255), shape: [256] })],
  ])('draws 1 with probability value / 255: %s', (_, set) => {
    const draws = 4000;
    const sums = new Float64Array(256);
    for (let draw = 0; draw < draws; draw++) add(sums, bits(set, [0], draw));
    let squares = 0;
    for (let v = 0; v < 256; v++) {
      const p = v / 255;
      const error = sums[v]! / draws - p;
      if (v === 0 || v === 255) expect(error).toBe(0);
      else {
        const z = error / Math.sqrt((p * (1 - p)) / draws);
        expect(Math.abs(z)).toBeLessThan(4.5);
        squares += z * z;
      }
    }
    // χ² with 254 degrees of freedom: mean 254, standard deviation 22.5.
    expect(squares).toBeGreaterThan(254 - 5 * 22.5);
    expect(squares).toBeLessThan(254 + 5 * 22.5);
  });

  it('draws the values of digits, 16 always and 0 never', () => {
    const set = digits('test');
    const sums = new Float64Array(set.data.length);
    const rows = Array.from({ length: set.size }, (_, i) => i);
    const draws = 200;
    for (let draw = 0; draw < draws; draw++) add(sums, bits(set, rows, draw));
    const byValue = Array.from({ length: 17 }, () => ({ sum: 0, count: 0 }));
    sums.forEach((sum, i) => {
      const entry = byValue[set.data[i]!]!;
      entry.sum += sum;
      entry.count += draws;
    });
    byValue.forEach(({ sum, count }, value) => {
      const p = value / 16;
      expect(Math.abs(sum / count - p)).toBeLessThanOrEqual(4.5 * Math.sqrt((p * (1 - p)) / count));
    });
  });

  it('gives a row the same bits in any batch, order, subset and memory layout', () => {
    const set = digits();
    const whole = bits(set, [3, 1, 4, 1, 5], 2);
    const row = (i: number) => [...whole.subarray(i * 64, (i + 1) * 64)];
    expect([...bits(set, [4], 2)]).toEqual(row(2));
    expect([...bits(set, [1, 3], 2)]).toEqual([...row(1), ...row(0)]);
    expect(row(3)).toEqual(row(1));
    expect([...bits(subset(set, [9, 5, 7]), [1], 2)]).toEqual(row(4));
    expect(bits(misaligned(set), [3, 1, 4, 1, 5], 2)).toEqual(whole);
    expect(bits(set, [3, 4], Int32Array.of(2, 8))).toEqual(Uint8Array.from([...row(0), ...bits(set, [4], 8)]));
  });

  it('does not write beside its rows', () => {
    const out = new Uint8Array(64 * 3).fill(9);
    binarizeRows(out, 64, digits(), Int32Array.of(3), 'dynamic', { seed: 1, draw: 0 });
    expect([...out.subarray(0, 64), ...out.subarray(128)].every((byte) => byte === 9)).toBe(true);
    expect(out.subarray(64, 128)).toEqual(bits(digits(), [3], 0));
  });

  it('draws anew for another draw and seed, and once only when static', () => {
    const first = bits(ramp, [0], 0);
    expect(bits(ramp, [0], 1)).not.toEqual(first);
    expect(bits(ramp, [0], 0, 2)).not.toEqual(first);
    for (const draw of [0, 1, 17]) expect(bits(ramp, [0], draw, 1, 'static')).toEqual(first);
  });

  it('uses the same bits for widths that are no multiple of four', () => {
    const five = createDataset({
      name: 'five',
      data: Uint8Array.from({ length: 15 }, (_, i) => 17 * i),
      shape: [5],
      scale: 1 / 255,
    });
    const floats = createDataset({ name: 'five', data: Float32Array.from(five.data, (v) => v / 255), shape: [5] });
    for (let draw = 0; draw < 50; draw++) expect(bits(five, [0, 1, 2], draw)).toEqual(bits(floats, [0, 1, 2], draw));
  });

  it('cuts above one half', () => {
    const out = new Uint8Array(256);
    binarizeRows(out, 0, ramp, Int32Array.of(0), 'threshold', { seed: 0, draw: 0 });
    expect(out).toEqual(Uint8Array.from({ length: 256 }, (_, v) => (v > 127.5 ? 1 : 0)));
    const cases: [Uint8Array | Float32Array, number][] = [
      [Uint8Array.of(7, 8, 9), 1 / 16],
      [Float32Array.of(0.4, 0.5, 0.6), 1],
    ];
    for (const [data, scale] of cases) {
      const set = createDataset({ name: 'cut', data, shape: [3], scale });
      binarizeRows(out, 0, set, Int32Array.of(0), 'threshold', { seed: 0, draw: 0 });
      expect([...out.subarray(0, 3)]).toEqual([0, 0, 1]);
    }
  });

  it.each<[string, Uint8Array | Float32Array, number]>([
    ['negative', Float32Array.of(-0.5, 0.5), 1],
    ['above one', Float32Array.of(0, 1.5), 1],
    ['bytes above their scale', Uint8Array.of(0, 32), 1 / 16],
  ])('refuses values that are no probabilities: %s', (_, data, scale) => {
    const set = createDataset({ name: 'real', data, shape: [2], scale });
    for (const mode of ['static', 'dynamic', 'threshold'] as const) {
      const run = () => binarizeRows(new Uint8Array(2), 0, set, Int32Array.of(0), mode, { seed: 0, draw: 0 });
      expectError(run, 'data', /cannot be binarised.*expected values in \[0, 1\]/);
    }
  });
});
