import { ReparamError } from '@reparam/tensor';

/** Rows by their places, nearest first, with Euclidean distances: `k` for each query, row-major [queries, k]. */
export interface NearestRows {
  readonly indices: Int32Array;
  readonly distances: Float64Array;
}

/** Where the rows lie: stored values × scale, `width` of them a row. */
export interface StoredRows {
  readonly data: Uint8Array | Float32Array;
  readonly scale?: number;
}

/**
 * The `k` rows nearest to each of `queries` (float32, `width` values each, in the units of value × scale), found by looking
 * at all of them: exact. Equal distances keep the order of the rows. Memory: one row.
 */
export function nearestRows(
  queries: Float32Array,
  { data, scale = 1 }: StoredRows,
  width: number,
  k: number,
): NearestRows {
  const [count, size] = [queries.length / width, data.length / width];
  if (!Number.isInteger(count) || !Number.isInteger(size) || !Number.isInteger(k) || k < 1 || k > size) {
    throw new ReparamError('shape', 'search for nearest rows', {
      got: `${queries.length} and ${data.length} values, k = ${k}`,
      expected: `rows of ${width}, k from 1 to ${Math.floor(size)}`,
    });
  }
  const indices = new Int32Array(count * k).fill(-1);
  const squares = new Float64Array(count * k).fill(Number.POSITIVE_INFINITY);
  const row = new Float32Array(width);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < width; j++) row[j] = data[i * width + j]! * scale;
    for (let q = 0; q < count; q++) {
      const last = q * k + k - 1;
      const square = boundedSquare(queries, q * width, row, squares[last]!);
      if (square >= squares[last]!) continue;
      let place = last;
      for (; place > q * k && squares[place - 1]! > square; place--) {
        squares[place] = squares[place - 1]!;
        indices[place] = indices[place - 1]!;
      }
      squares[place] = square;
      indices[place] = i;
    }
  }
  return { indices, distances: squares.map(Math.sqrt) };
}

/** The squared distance of a query and a row, or what is already too much: a sum of squares only grows. */
function boundedSquare(queries: Float32Array, from: number, row: Float32Array, bound: number): number {
  let sum = 0;
  for (let start = 0; start < row.length; start += 64) {
    const end = Math.min(row.length, start + 64);
    for (let j = start; j < end; j++) {
      const difference = queries[from + j]! - row[j]!;
      sum += difference * difference;
    }
    if (sum >= bound) return sum;
  }
  return sum;
}
