import { ReparamError } from '@reparam/tensor';
import { type Beside, besideKinds, copyRows, mapBeside, roomBeside } from './besideRows.ts';
import { type Binarization, binarizeRows, requireUnitRange } from './binarize.ts';
import { widthOf } from './dataset.ts';
import { type AnyDataset, isStreamed, roomFor } from './streamed.ts';

/** Host memory for K batches of B rows, filled again and again. */
export interface BatchBuffer extends Beside {
  readonly steps: number;
  readonly batchSize: number;
  /** Values of one example. */
  readonly width: number;
  /** `[steps, batchSize, ...shape]`; bytes for pixels and bits, else float32. */
  readonly data: Uint8Array | Float32Array;
  /** Value in the model = data × scale: the data set's, or 1 for bits. */
  readonly scale: number;
  /** `[steps, batchSize]`: 1 / (rows in that batch), 0 for padding; each batch that has rows sums to 1. */
  readonly weights: Float32Array;
  /** `[steps, batchSize]`: index into the data set; 0 for padding. */
  readonly rows: Int32Array;
  /** Grey values of a streamed set, on their way to becoming bits. */
  readonly stored?: Uint8Array | Float32Array | undefined;
}

/** Size of the batches a buffer holds, and how grey values become bits in them. */
export interface BatchOptions {
  readonly steps: number;
  readonly batchSize: number;
  /** Default `none`. */
  readonly binarization?: Binarization;
}

/** Allocates room for `steps` batches of `dataset`; refuses to binarise values outside [0, 1]. */
export function batchBuffer(dataset: AnyDataset, options: BatchOptions): BatchBuffer {
  const { steps, batchSize, binarization = 'none' } = options;
  for (const [at, got] of Object.entries({ steps, batchSize })) {
    if (!(Number.isInteger(got) && got > 0)) {
      throw new ReparamError('config', `bad ${at}`, { got: `${got}`, expected: 'a positive whole number', at });
    }
  }
  const bits = binarization !== 'none';
  if (bits) requireUnitRange(dataset);
  const count = steps * batchSize;
  const width = widthOf(dataset);
  const length = count * width;
  return {
    steps,
    batchSize,
    width,
    data: bits || dataset.dtype === 'uint8' ? new Uint8Array(length) : new Float32Array(length),
    scale: bits ? 1 : dataset.scale,
    ...mapBeside(dataset, (rows) => roomBeside(rows, count)),
    weights: new Float32Array(count),
    rows: new Int32Array(count),
    stored: bits && isStreamed(dataset) ? roomFor(dataset, count) : undefined,
  };
}

/** What the bits of a batch are drawn from. */
export interface FillOptions {
  /** Default `none`; must be the one the buffer was made for. */
  readonly binarization?: Binarization;
  readonly seed: number | bigint;
  /** How often these rows have been presented before, for all (the epoch) or for each place of `order`. */
  readonly draw: number | Int32Array;
}

/**
 * Fills `buffer` with `order[start]`, `order[start + 1]`, …; returns how many rows and how many batches hold any.
 * What is left over is padding: row 0 with weight 0.
 */
export function fillBatches(
  buffer: BatchBuffer,
  dataset: AnyDataset,
  order: Int32Array,
  start: number,
  options: FillOptions,
): { rows: number; steps: number } {
  const { batchSize, weights, rows, data } = buffer;
  const { binarization = 'none', seed } = options;
  const count = Math.max(0, Math.min(rows.length, order.length - start));
  const draw = typeof options.draw === 'number' ? options.draw : drawsOf(options.draw, start, rows.length);
  rows.fill(0, count);
  rows.set(order.subarray(start, start + count));
  weights.fill(0, count);
  for (let from = 0; from < count; from += batchSize) {
    const to = Math.min(from + batchSize, count);
    weights.fill(1 / (to - from), from, to);
  }
  if (isStreamed(dataset)) {
    dataset.readRows(rows, buffer.stored ?? data);
    if (buffer.stored) {
      const { rowIds } = dataset;
      const read = { ...dataset, data: buffer.stored, rowIds: rowIds ? rows.map((row) => rowIds[row]!) : rows };
      binarizeRows(
        data as Uint8Array,
        0,
        read,
        rows.map((_, i) => i),
        binarization as 'static',
        { seed, draw },
      );
    }
  } else if (binarization !== 'none') binarizeRows(data as Uint8Array, 0, dataset, rows, binarization, { seed, draw });
  else copyRows(data, dataset.data, rows, widthOf(dataset));
  for (const kind of besideKinds) {
    const to = buffer[kind];
    if (to) copyRows(to.data, dataset[kind]!.data, rows, to.size);
  }
  return { rows: count, steps: Math.ceil(count / batchSize) };
}

/** The draws of the places from `start` on, `length` of them; those of padding are 0. */
export function drawsOf(draws: Int32Array, start: number, length: number): Int32Array {
  const own = new Int32Array(length);
  own.set(draws.subarray(start, start + length));
  return own;
}
