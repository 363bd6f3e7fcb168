import { foldIn, key, uniformArray } from '@reparam/tensor';
import type { DataMatrix } from '../moments.ts';
import { pick } from './density.ts';

/**
 * Rows to start from, spread out: the first by chance, each further one with probability proportional to its squared
 * distance from those before (k-means++, Arthur & Vassilvitskii 2007).
 */
export function spreadRows({ data, rows, columns, scale = 1 }: DataMatrix, count: number, seed: number): Int32Array {
  const uniforms = uniformArray(foldIn(key(seed), 'k-means++'), count);
  const all = new Int32Array(count);
  const distance = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
  let last = Math.min(rows - 1, Math.floor(uniforms[0]! * rows));
  for (let k = 0; k < count; k++) {
    all[k] = last;
    for (let row = 0; row < rows; row++) {
      let square = 0;
      for (let j = 0; j < columns; j++) square += ((data[row * columns + j]! - data[last * columns + j]!) * scale) ** 2;
      if (square < distance[row]!) distance[row] = square;
    }
    if (k + 1 < count) last = pick(distance, uniforms[k + 1]!);
  }
  return all;
}

/** Responsibilities [rows, K] of 1 for the nearest of the rows `centres`, the first of equals, and 0 for the others. */
export function nearest({ data, rows, columns }: DataMatrix, centres: Int32Array): Float64Array {
  const count = centres.length;
  const out = new Float64Array(rows * count);
  for (let row = 0; row < rows; row++) {
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < count; k++) {
      let square = 0;
      for (let j = 0; j < columns; j++) square += (data[row * columns + j]! - data[centres[k]! * columns + j]!) ** 2;
      if (square < least) [least, best] = [square, k];
    }
    out[row * count + best] = 1;
  }
  return out;
}
