import { ReparamError } from '@reparam/tensor';
import { type BesideRows, mapBeside, selectBeside } from './besideRows.ts';
import { type Dataset, widthOf } from './dataset.ts';
import { permutation } from './permutation.ts';
import { type AnyDataset, isStreamed, roomFor, selectStreamed } from './streamed.ts';

/** The examples at `indices`, in that order, copied to memory; `rowIds` keeps their row numbers in the source. */
export function subset(dataset: AnyDataset, indices: ArrayLike<number>, split = dataset.split): Dataset {
  const width = widthOf(dataset);
  const size = indices.length;
  const data = roomFor(dataset, size);
  const rowIds = new Int32Array(size);
  const labels = dataset.labels && new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const row = indices[i]!;
    if (!(Number.isInteger(row) && row >= 0 && row < dataset.size)) {
      throw new ReparamError('data', 'no such example', {
        got: `${row}`,
        expected: `a row from 0 to ${dataset.size - 1}`,
        at: dataset.name,
      });
    }
    if (!isStreamed(dataset)) data.set(dataset.data.subarray(row * width, (row + 1) * width), i * width);
    rowIds[i] = dataset.rowIds?.[row] ?? row;
    if (labels) labels[i] = dataset.labels![row]!;
  }
  if (isStreamed(dataset)) dataset.readRows(Int32Array.from(indices), data);
  return {
    ...factsOf(dataset),
    split,
    size,
    data,
    labels,
    rowIds,
    ...mapBeside(dataset, (rows) => selectBeside(rows, indices)),
  };
}

/** Without what makes a set streamed: its examples are in memory now. */
function factsOf(dataset: AnyDataset): Omit<Dataset, 'data'> {
  if (!isStreamed(dataset)) return dataset;
  const { readRows: _, blocks: _blocks, bufferBlocks: _bufferBlocks, statistics: _statistics, ...facts } = dataset;
  return facts;
}

/** The first `count` examples (all, when there are fewer), in memory; shares it with a `dataset` that is not streamed. */
export function take(dataset: AnyDataset, count: number): Dataset {
  const size = Math.min(count, dataset.size);
  if (isStreamed(dataset))
    return subset(
      dataset,
      Int32Array.from({ length: size }, (_, i) => i),
    );
  const { labels, rowIds } = dataset;
  return {
    ...dataset,
    size,
    data: dataset.data.subarray(0, size * widthOf(dataset)),
    labels: labels?.subarray(0, size),
    rowIds: rowIds?.subarray(0, size),
    ...mapBeside(dataset, (rows) => ({ ...rows, data: rows.data.subarray(0, size * rows.size) })),
  };
}

/**
 * Sets aside a part drawn by a seeded permutation: `amount` below 1 is a fraction (rounded, at least one example), from 1
 * a count. Both parts keep the order of the source.
 */
export function carve<T extends AnyDataset>(dataset: T, amount: number, seed: number | bigint, site: string): [T, T] {
  const count = amount < 1 ? Math.max(1, Math.round(amount * dataset.size)) : amount;
  if (!(Number.isInteger(count) && amount > 0 && count < dataset.size)) {
    throw new ReparamError('config', 'cannot set aside that many examples', {
      got: `${amount} of ${dataset.size}`,
      expected: `a fraction below 1, or a count from 1 to ${dataset.size - 1}`,
      at: dataset.name,
    });
  }
  const order = permutation(dataset.size, seed, site);
  return [part(dataset, order.slice(count).sort()), part(dataset, order.slice(0, count).sort())];
}

const part = <T extends AnyDataset>(dataset: T, rows: Int32Array): T =>
  (isStreamed(dataset) ? selectStreamed(dataset, rows) : subset(dataset, rows)) as T;

/** Carves a validation set from `dataset` by a seeded permutation; `amount` below 1 is a fraction, from 1 a count. */
export function splitValidation<T extends AnyDataset>(dataset: T, amount: number, seed: number | bigint = 0) {
  const [train, validation] = carve(dataset, amount, seed, 'split/validation');
  return { train: { ...train, split: 'train' }, validation: { ...validation, split: 'validation' } };
}

/** `first` followed by `second`; their shapes, element types and scales must agree. */
export function concatenate(first: Dataset, second: Dataset, split?: string): Dataset {
  const beside = (what: string, rows: BesideRows | undefined) =>
    rows ? `, ${what} of ${rows.size} × ${rows.scale}` : '';
  const kind = ({ dtype, shape, scale, condition, targets }: Dataset) =>
    `${dtype} [${shape.join(', ')}] × ${scale}${beside('conditions', condition)}${beside('targets', targets)}`;
  if (kind(first) !== kind(second)) {
    throw new ReparamError('data', 'data sets do not match', {
      got: kind(second),
      expected: kind(first),
      at: second.name,
    });
  }
  const join = <T extends Uint8Array | Float32Array | Int32Array>(a: T, b: T): T => {
    const out = new (a.constructor as new (length: number) => T)(a.length + b.length);
    out.set(a);
    out.set(b, a.length);
    return out;
  };
  const labels = first.labels && second.labels && join(first.labels, second.labels);
  const range = {
    min: Math.min(first.range.min, second.range.min),
    max: Math.max(first.range.max, second.range.max),
  };
  const size = first.size + second.size;
  const joined = mapBeside(first, (rows, kind) => ({ ...rows, data: join(rows.data, second[kind]!.data) }));
  return { ...first, ...joined, split, size, range, data: join(first.data, second.data), labels, rowIds: undefined };
}
