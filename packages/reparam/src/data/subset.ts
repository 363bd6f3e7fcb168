import { ReparamError } from '@reparam/tensor';
import type { ConditionRows } from './condition.ts';
import { type Dataset, widthOf } from './dataset.ts';
import { permutation } from './permutation.ts';

/** The examples at `indices`, in that order (copied); `rowIds` keeps their row numbers in the source. */
export function subset(dataset: Dataset, indices: ArrayLike<number>, split = dataset.split): Dataset {
  const width = widthOf(dataset);
  const size = indices.length;
  const data = new (typeOf(dataset.data))(size * width);
  const rowIds = new Int32Array(size);
  const labels = dataset.labels && new Int32Array(size);
  const { condition } = dataset;
  const conditions = condition && new (typeOf(condition.data))(size * condition.size);
  for (let i = 0; i < size; i++) {
    const row = indices[i]!;
    if (!(Number.isInteger(row) && row >= 0 && row < dataset.size)) {
      throw new ReparamError('data', 'no such example', {
        got: `${row}`,
        expected: `a row from 0 to ${dataset.size - 1}`,
        at: dataset.name,
      });
    }
    data.set(dataset.data.subarray(row * width, (row + 1) * width), i * width);
    rowIds[i] = dataset.rowIds?.[row] ?? row;
    if (labels) labels[i] = dataset.labels![row]!;
    conditions?.set(rowOf(condition!, row), i * condition!.size);
  }
  return {
    ...dataset,
    split,
    size,
    data,
    labels,
    rowIds,
    condition: conditions && { ...condition!, data: conditions },
  };
}

const typeOf = (data: Uint8Array | Float32Array) => (data instanceof Uint8Array ? Uint8Array : Float32Array);
const rowOf = ({ data, size }: ConditionRows, row: number) => data.subarray(row * size, (row + 1) * size);

/** The first `count` examples (all, when there are fewer); shares memory with `dataset`. */
export function take(dataset: Dataset, count: number): Dataset {
  const size = Math.min(count, dataset.size);
  const { labels, rowIds, condition } = dataset;
  return {
    ...dataset,
    size,
    data: dataset.data.subarray(0, size * widthOf(dataset)),
    labels: labels?.subarray(0, size),
    rowIds: rowIds?.subarray(0, size),
    condition: condition && { ...condition, data: condition.data.subarray(0, size * condition.size) },
  };
}

/**
 * Sets aside a part drawn by a seeded permutation: `amount` below 1 is a fraction (rounded, at least one example), from 1
 * a count. Both parts keep the order of the source.
 */
export function carve(dataset: Dataset, amount: number, seed: number | bigint, site: string): [Dataset, Dataset] {
  const count = amount < 1 ? Math.max(1, Math.round(amount * dataset.size)) : amount;
  if (!(Number.isInteger(count) && amount > 0 && count < dataset.size)) {
    throw new ReparamError('config', 'cannot set aside that many examples', {
      got: `${amount} of ${dataset.size}`,
      expected: `a fraction below 1, or a count from 1 to ${dataset.size - 1}`,
      at: dataset.name,
    });
  }
  const order = permutation(dataset.size, seed, site);
  return [subset(dataset, order.slice(count).sort()), subset(dataset, order.slice(0, count).sort())];
}

/** Carves a validation set from `dataset` by a seeded permutation; `amount` below 1 is a fraction, from 1 a count. */
export function splitValidation(dataset: Dataset, amount: number, seed: number | bigint = 0) {
  const [train, validation] = carve(dataset, amount, seed, 'split/validation');
  return { train: { ...train, split: 'train' }, validation: { ...validation, split: 'validation' } };
}

/** `first` followed by `second`; their shapes, element types and scales must agree. */
export function concatenate(first: Dataset, second: Dataset, split?: string): Dataset {
  const kind = ({ dtype, shape, scale, condition }: Dataset) =>
    `${dtype} [${shape.join(', ')}] × ${scale}${condition ? `, conditions of ${condition.size} × ${condition.scale}` : ''}`;
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
  const condition = first.condition && {
    ...first.condition,
    data: join(first.condition.data, second.condition!.data),
  };
  return { ...first, condition, split, size, range, data: join(first.data, second.data), labels, rowIds: undefined };
}
