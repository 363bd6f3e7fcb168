import { foldIn, key, normalArray, ReparamError } from '@reparam/tensor';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';

/** Places of a latent space far from every code. */
export interface LatentHoles {
  /** Codes [count, dim], the emptiest place first. */
  readonly z: Float32Array;
  /** Distance of each from the nearest code, in standard deviations of the codes. */
  readonly distances: Float64Array;
  /** Median over all candidates of that distance. */
  readonly median: number;
  /** Median over as many codes of the distance to their nearest other code: what is usual among codes. */
  readonly usual: number;
}

/** How holes are looked for. */
export interface HolesOptions {
  /** How many are returned. */
  readonly count: number;
  /** How many places are tried; default 1000. */
  readonly candidates?: number;
  readonly seed?: number;
}

/**
 * Draws places from the normal distribution with the mean and covariance of `codes` (row-major [n, dim]), leaves out the
 * least likely fifth, which lies outside rather than between codes, and keeps those farthest from any code and from each
 * other, one after another (farthest-point order). Distances are measured after whitening the codes, so that latent spaces
 * of any scale compare.
 */
export function latentHoles(codes: Float32Array, dim: number, options: HolesOptions): LatentHoles {
  const { count, candidates = 1000, seed = 0 } = options;
  const size = codes.length / dim;
  const drawn = Math.ceil(candidates / likelyShare);
  if (!Number.isInteger(size) || size <= dim || !(count >= 1 && count <= candidates)) {
    throw new ReparamError('shape', 'codes to find holes among', {
      got: `${codes.length} values, ${count} holes of ${candidates} candidates`,
      expected: `more than ${dim} rows of ${dim}, and no more holes than candidates`,
    });
  }
  const mean = Array.from({ length: dim }, (_, d) => average(size, (i) => codes[i * dim + d]!));
  const centred = new Matrix(size, dim);
  for (let i = 0; i < size; i++) for (let d = 0; d < dim; d++) centred.set(i, d, codes[i * dim + d]! - mean[d]!);
  const covariance = centred.transpose().mmul(centred).div(size);
  // A dimension that does not vary is no reason to fail.
  for (let d = 0; d < dim; d++) covariance.set(d, d, covariance.get(d, d) * (1 + 1e-9) + 1e-30);
  const factor = new CholeskyDecomposition(covariance).lowerTriangularMatrix;
  const white = whiten(centred, factor);

  const noise = likelyPlaces(normalArray(foldIn(key(seed), 'holes'), drawn * dim), dim, candidates);
  const gaps = nearestSquares(noise, white, dim, false);
  const chosen: number[] = [];
  const distances: number[] = [];
  const remaining = Float64Array.from(gaps);
  while (chosen.length < count) {
    let best = 0;
    for (let i = 1; i < candidates; i++) if (remaining[i]! > remaining[best]!) best = i;
    chosen.push(best);
    distances.push(Math.sqrt(gaps[best]!));
    for (let i = 0; i < candidates; i++) {
      remaining[i] = Math.min(remaining[i]!, squareBetween(noise, i * dim, noise, best * dim, dim));
    }
  }
  const step = Math.max(1, Math.floor(size / candidates));
  const some = Float32Array.from(
    { length: Math.min(candidates, size) * dim },
    (_, j) => white[Math.floor(j / dim) * step * dim + (j % dim)]!,
  );
  const z = new Float32Array(count * dim);
  chosen.forEach((candidate, n) => {
    for (let d = 0; d < dim; d++) {
      let value = mean[d]!;
      for (let e = 0; e <= d; e++) value += factor.get(d, e) * noise[candidate * dim + e]!;
      z[n * dim + d] = value;
    }
  });
  return {
    z,
    distances: Float64Array.from(distances),
    median: Math.sqrt(medianOf(gaps)),
    usual: Math.sqrt(medianOf(nearestSquares(some, white, dim, true))),
  };
}

/** Share of the draws that count as likely. */
const likelyShare = 0.8;

/** The `count` rows of least length, in their order. */
function likelyPlaces(noise: Float32Array, dim: number, count: number): Float32Array {
  const squares = Float64Array.from({ length: noise.length / dim }, (_, i) =>
    noise.subarray(i * dim, (i + 1) * dim).reduce((sum, v) => sum + v * v, 0),
  );
  const limit = Float64Array.from(squares).sort()[count - 1]!;
  return noise.filter((_, j) => squares[Math.floor(j / dim)]! <= limit).subarray(0, count * dim);
}

/** L⁻¹ of every row: unit covariance. */
function whiten(rows: Matrix, factor: Matrix): Float32Array {
  const dim = rows.columns;
  const white = new Float32Array(rows.rows * dim);
  for (let i = 0; i < rows.rows; i++) {
    for (let d = 0; d < dim; d++) {
      let value = rows.get(i, d);
      for (let e = 0; e < d; e++) value -= factor.get(d, e) * white[i * dim + e]!;
      white[i * dim + d] = value / factor.get(d, d);
    }
  }
  return white;
}

/** Squared distance of each query to its nearest row; with `skipSelf` rows at distance 0 do not count. */
function nearestSquares(queries: Float32Array, rows: Float32Array, dim: number, skipSelf: boolean): Float64Array {
  return Float64Array.from({ length: queries.length / dim }, (_, q) => {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < rows.length; i += dim) {
      const square = squareBetween(queries, q * dim, rows, i, dim);
      if (square < best && !(skipSelf && square === 0)) best = square;
    }
    return best;
  });
}

function squareBetween(a: Float32Array, i: number, b: Float32Array, j: number, dim: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += (a[i + d]! - b[j + d]!) ** 2;
  return sum;
}

const average = (count: number, value: (i: number) => number): number => {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  return sum / count;
};

const medianOf = (values: Float64Array): number => Float64Array.from(values).sort()[values.length >> 1]!;
