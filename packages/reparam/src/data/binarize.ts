import { deriveKey, type Key, ReparamError, threefry2x32 } from '@reparam/tensor';
import { type Dataset, type ExampleSet, widthOf } from './dataset.ts';

/**
 * How values in [0, 1] become bits: `none` keeps them; `static` draws each bit once for a seed; `dynamic` draws anew at
 * each presentation; `threshold` is 1 above one half.
 */
export type Binarization = 'none' | 'static' | 'dynamic' | 'threshold';

/** Every way grey values can become bits. */
export const binarizations: readonly Binarization[] = ['none', 'static', 'dynamic', 'threshold'];

/** What bits are drawn from: they depend on the seed, the row and how often it was presented. */
export interface BinarizeOptions {
  readonly seed: number | bigint;
  /** How often each row has been presented before: one number for all, or one for each of `rows`. */
  readonly draw: number | Int32Array;
}

/** Throws a data error unless every value of `dataset` is a probability. */
export function requireUnitRange(dataset: ExampleSet): void {
  const { range, scale, name } = dataset;
  if (range.min * scale >= 0 && range.max * scale <= 1 + 1e-6) return;
  throw new ReparamError('data', 'values cannot be binarised', {
    got: `values from ${range.min * scale} to ${range.max * scale}`,
    expected: 'values in [0, 1]',
    fix: 'Scale the data, or use binarisation "none" with a Gaussian likelihood',
    at: name,
  });
}

/**
 * Writes 0/1 for the given rows of `dataset` to `out` from `outOffset` on, row after row.
 *
 * P(bit = 1) = round(65536 · value) / 65536: a 16-bit number is compared with that threshold, so 0 never and 1 always
 * fires. Four values share a block of Threefry-2x32 keyed by (seed, draw) at counter (row in the source, block), so a bit
 * depends on nothing else: neither batch size nor order.
 */
export function binarizeRows(
  out: Uint8Array,
  outOffset: number,
  dataset: Dataset,
  rows: Int32Array,
  mode: Exclude<Binarization, 'none'>,
  options: BinarizeOptions,
): void {
  requireUnitRange(dataset);
  const width = widthOf(dataset);
  const { data, scale, rowIds } = dataset;
  if (mode === 'threshold') {
    for (let r = 0; r < rows.length; r++) aboveHalf(out, outOffset + r * width, data, rows[r]! * width, width, scale);
    return;
  }
  const drawRow = data instanceof Uint8Array ? byteRow(data, scale, width) : anyRow(data, scale, width);
  let key: Key = { k0: 0, k1: 0 };
  let keyed = Number.NaN;
  for (let r = 0; r < rows.length; r++) {
    const draw = mode === 'static' ? 0 : typeof options.draw === 'number' ? options.draw : options.draw[r]!;
    if (draw !== keyed) {
      key = deriveKey(options.seed, 'binarize', draw);
      keyed = draw;
    }
    const row = rows[r]!;
    drawRow(out, outOffset + r * width, row, rowIds?.[row] ?? row, key);
  }
}

type DrawRow = (out: Uint8Array, to: number, row: number, rowId: number, key: Key) => void;

const words = new Int32Array(2);

const thresholdOf = (value: number, scale: number): number => Math.round(value * scale * 65536);

function anyRow(data: Uint8Array | Float32Array, scale: number, width: number): DrawRow {
  return (out, to, row, rowId, { k0, k1 }) => {
    const from = row * width;
    for (let i = 0; i < width; i++) {
      if ((i & 3) === 0) threefry2x32(k0, k1, rowId, i >> 2, words);
      const word = words[(i >> 1) & 1]!;
      const drawn = i & 1 ? word >>> 16 : word & 0xffff;
      out[to + i] = drawn < thresholdOf(data[from + i]!, scale) ? 1 : 0;
    }
  };
}

/** The same bits as `anyRow`, sooner: thresholds from a table, and four pixels that are all 0 need no random number. */
function byteRow(data: Uint8Array, scale: number, width: number): DrawRow {
  if (width % 4 !== 0 || data.byteOffset % 4 !== 0) return anyRow(data, scale, width);
  const fours = new Int32Array(data.buffer, data.byteOffset, data.length >> 2);
  const table = new Int32Array(256);
  for (let value = 0; value < 256; value++) table[value] = thresholdOf(value, scale);
  return (out, to, row, rowId, { k0, k1 }) => {
    const from = row * width;
    out.fill(0, to, to + width);
    for (let i = 0; i < width; i += 4) {
      const pixel = from + i;
      if (fours[pixel >> 2] === 0) continue;
      threefry2x32(k0, k1, rowId, i >> 2, words);
      const x = words[0]!;
      const y = words[1]!;
      const bit = to + i;
      // The sign of the difference is the bit, without a branch.
      out[bit] = ((x & 0xffff) - table[data[pixel]!]!) >>> 31;
      out[bit + 1] = ((x >>> 16) - table[data[pixel + 1]!]!) >>> 31;
      out[bit + 2] = ((y & 0xffff) - table[data[pixel + 2]!]!) >>> 31;
      out[bit + 3] = ((y >>> 16) - table[data[pixel + 3]!]!) >>> 31;
    }
  };
}

function aboveHalf(
  out: Uint8Array,
  to: number,
  data: Uint8Array | Float32Array,
  from: number,
  width: number,
  scale: number,
): void {
  const half = 0.5 / scale;
  if (data instanceof Uint8Array) {
    const level = Math.floor(half);
    for (let i = 0; i < width; i++) out[to + i] = (level - data[from + i]!) >>> 31;
  } else {
    for (let i = 0; i < width; i++) out[to + i] = data[from + i]! > half ? 1 : 0;
  }
}
