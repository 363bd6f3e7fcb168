import { mapBeside, selectBeside } from './besideRows.ts';
import { type Dataset, type ExampleSet, widthOf } from './dataset.ts';

/** What one pass over all values of a set finds out. */
export interface Statistics {
  readonly range: { readonly min: number; readonly max: number };
  /** Mean of each value over the set, in the model's units. */
  readonly mean: Float64Array;
  /** Whether every value is 0 or 1 in the model's units. */
  readonly isBinary: boolean;
  /** Whether every stored value is a whole number. */
  readonly isWhole: boolean;
  /** Hexadecimal sha256 of the sums of all columns and blocks: differs when the values do. */
  readonly digest: string;
}

/** Examples that stay in files: rows are read when they are needed, a block of them at a time, at bounded memory. */
export interface StreamedDataset extends ExampleSet {
  /** First example of each block of neighbours that are read together, then `size`. */
  readonly blocks: Int32Array;
  /** How many blocks training shuffles as one, and how many are kept in memory. */
  readonly bufferBlocks: number;
  /** Of the whole file, also where this set is a part of it. */
  readonly statistics: Statistics;
  /** Copies the examples `rows` to `out`, one after the other; bytes or float32 as `dtype` says. */
  readRows(rows: Int32Array, out: Uint8Array | Float32Array): void;
}

/** Examples in memory or in files: what training and evaluation take. */
export type AnyDataset = Dataset | StreamedDataset;

/** Whether the examples of `dataset` stay in files. */
export const isStreamed = (dataset: AnyDataset): dataset is StreamedDataset => 'readRows' in dataset;

/** Room for `rows` examples as `dataset` stores them. */
export const roomFor = (dataset: ExampleSet, rows: number): Uint8Array | Float32Array =>
  new (dataset.dtype === 'uint8' ? Uint8Array : Float32Array)(rows * widthOf(dataset));

/** The examples at `indices` (ascending) as a set that still reads from the files of `dataset`. */
export function selectStreamed(dataset: StreamedDataset, indices: Int32Array, split = dataset.split): StreamedDataset {
  const { labels, rowIds } = dataset;
  const starts = [0];
  let block = 0;
  indices.forEach((row, i) => {
    if (row < dataset.blocks[block + 1]!) return;
    if (i > 0) starts.push(i);
    while (row >= dataset.blocks[block + 1]!) block++;
  });
  return {
    ...dataset,
    split,
    size: indices.length,
    blocks: Int32Array.from([...starts, indices.length]),
    labels: labels && indices.map((row) => labels[row]!),
    rowIds: rowIds ? indices.map((row) => rowIds[row]!) : indices,
    ...mapBeside(dataset, (rows) => selectBeside(rows, indices)),
    readRows: (rows, out) =>
      dataset.readRows(
        rows.map((row) => indices[row]!),
        out,
      ),
  };
}
