import { ReparamError } from '@reparam/tensor';

/** `rows` × `columns` values, row-major; a value is its entry in `data` times `scale` (default 1). */
export interface DataMatrix {
  readonly data: Float64Array | Float32Array | Uint8Array;
  readonly rows: number;
  readonly columns: number;
  readonly scale?: number;
}

/** Mean [D] and covariance [D, D] (with 1/N) of `rows` examples, in float64. */
export interface Moments {
  readonly rows: number;
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

const batch = 64;

/**
 * Mean and covariance of the rows. Entries that are zero cost nothing; mostly non-zero data is centred first, so that
 * a large mean takes no digits from the covariance. Throws `shape` for a wrong length and `data` for no rows or a value
 * that is not finite.
 */
export function moments(matrix: DataMatrix): Moments {
  const { data, rows, columns, scale = 1 } = checkMatrix(matrix);
  const mean = new Float64Array(columns);
  let zeros = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++, at++) {
      const value = data[at]!;
      if (value === 0) zeros++;
      else mean[j]! += value;
    }
  }
  for (let j = 0; j < columns; j++) mean[j]! /= rows;
  if (!mean.every(Number.isFinite)) {
    throw new ReparamError('data', 'data holds a value that is not finite', { expected: 'finite numbers' });
  }

  const shift = 2 * zeros > data.length ? new Float64Array(columns) : mean;
  const covariance = shift === mean ? denseProducts(data, rows, shift) : products(data, rows);
  for (let i = 0; i < columns; i++) {
    for (let j = i; j < columns; j++) {
      const centred = covariance[i * columns + j]! / rows - (mean[i]! - shift[i]!) * (mean[j]! - shift[j]!);
      covariance[i * columns + j] = covariance[j * columns + i] = centred * scale * scale;
    }
  }
  return { rows, mean: mean.map((value) => value * scale), covariance };
}

/** Upper triangle of Σ (x - shift)(x - shift)'. A batch of rows at a time, column by column, so that one row of the sum is in use. */
function denseProducts(data: DataMatrix['data'], rows: number, shift: Float64Array): Float64Array {
  const columns = shift.length;
  const sum = new Float64Array(columns * columns);
  const values = Array.from({ length: batch }, () => new Float64Array(columns));
  for (let first = 0; first < rows; first += batch) {
    values.forEach((row, b) => {
      if (first + b >= rows) row.fill(0);
      else for (let j = 0; j < columns; j++) row[j] = data[(first + b) * columns + j]! - shift[j]!;
    });
    for (let i = 0; i < columns; i++) {
      const into = sum.subarray(i * columns, (i + 1) * columns);
      for (let k = 0; k < batch; k += 4) {
        const [a, b, c, d] = [values[k]!, values[k + 1]!, values[k + 2]!, values[k + 3]!];
        const [p, q, r, s] = [a[i]!, b[i]!, c[i]!, d[i]!];
        for (let j = i; j < columns; j++) into[j]! += p * a[j]! + q * b[j]! + r * c[j]! + s * d[j]!;
      }
    }
  }
  return sum;
}

/** The same with no shift, for rows of mostly zeros. */
function products(data: DataMatrix['data'], rows: number): Float64Array {
  const columns = data.length / rows;
  const sum = new Float64Array(columns * columns);
  const values = new Float64Array(batch * columns);
  const places = new Int32Array(batch * columns);
  const begin = new Int32Array(batch);
  const end = new Int32Array(batch);
  for (let first = 0; first < rows; first += batch) {
    const size = Math.min(batch, rows - first);
    for (let b = 0; b < size; b++) {
      let n = b * columns;
      begin[b] = n;
      for (let j = 0; j < columns; j++) {
        const value = data[(first + b) * columns + j]!;
        if (value === 0) continue;
        values[n] = value;
        places[n++] = j;
      }
      end[b] = n;
    }
    for (let i = 0; i < columns; i++) {
      const into = i * columns;
      for (let b = 0; b < size; b++) {
        const from = begin[b]!;
        const stop = end[b]!;
        if (from === stop || places[from] !== i) continue;
        const factor = values[from]!;
        for (let n = from; n < stop; n++) sum[into + places[n]!]! += factor * values[n]!;
        begin[b] = from + 1;
      }
    }
  }
  return sum;
}

/** The matrix itself; throws `shape` when the array is not rows × columns long, `data` when it has no values. */
export function checkMatrix(matrix: DataMatrix, columns = matrix.columns): DataMatrix {
  const got = `${matrix.data.length} values as ${matrix.rows} × ${matrix.columns}`;
  if (matrix.data.length !== matrix.rows * matrix.columns || matrix.columns !== columns) {
    throw new ReparamError('shape', 'data matrix does not fit', { got, expected: `rows × ${columns} values` });
  }
  if (matrix.data.length === 0) throw new ReparamError('data', 'data matrix is empty', { got });
  return matrix;
}
