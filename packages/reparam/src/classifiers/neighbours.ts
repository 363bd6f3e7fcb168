import { cast, compile, hostTensor, matmul, mul, type Runtime, spec, square, sub, sum } from '@reparam/tensor';
import { type NearestRows, nearestRows } from '../data/index.ts';
import type { Features } from './classifier.ts';
import { checkFeatures } from './features.ts';

/** How the search runs. */
export interface NearestOptions {
  readonly runtime: Runtime;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((share: number) => void) | undefined;
}

const [queryRows, storedRows] = [256, 2048];
/** Rows kept beyond the k nearest by 32-bit products, of which the k nearest are then found exactly. */
const spare = 8;

/**
 * What `nearestRows` finds, by matrix products in blocks of rows: the same indices and distances, ties included. Products in 32
 * bits choose candidates, distances in 64 bits order them, and a query whose candidates are not far enough ahead of the
 * rest for the error of the products is searched for row by row. Memory: a block of products.
 */
export async function nearestByProducts(
  queries: Features,
  stored: Features,
  k: number,
  { runtime, signal, onProgress }: NearestOptions,
): Promise<NearestRows> {
  const { columns } = checkFeatures(stored);
  checkFeatures(queries, columns);
  const [blockQ, blockX] = [Math.min(queryRows, queries.rows), Math.min(storedRows, stored.rows)];
  const kept = Math.min(stored.rows, k + spare);
  const program = await compile(
    ({ q, x }) => {
      const [a, b] = [inUnits(q, queries), inUnits(x, stored)];
      return sub(sum(square(b), { axes: -1 }), mul(matmul(a, b, { transB: true }), 2));
    },
    { q: specOf(queries, blockQ), x: specOf(stored, blockX) },
    { runtime },
  );
  const largest = largestSquare(stored);
  const indices = new Int32Array(queries.rows * k);
  const distances = new Float64Array(queries.rows * k);
  try {
    for (let first = 0; first < queries.rows; first += blockQ) {
      // The last block starts early enough to be whole: its first rows are found twice.
      const q = Math.min(first, queries.rows - blockQ);
      const near = new Float32Array(blockQ * kept).fill(Number.POSITIVE_INFINITY);
      const places = new Int32Array(blockQ * kept);
      for (let begin = 0; begin < stored.rows; begin += blockX) {
        signal?.throwIfAborted();
        const x = Math.min(begin, stored.rows - blockX);
        const products = await program.run({ q: block(queries, q, blockQ), x: block(stored, x, blockX) });
        const values = products.data as Float32Array;
        for (let i = 0; i < blockQ; i++) {
          keepNearest(values.subarray(i * blockX, (i + 1) * blockX), begin - x, x, near, places, i * kept, kept);
        }
        onProgress?.((first + (blockQ * (begin + blockX)) / (stored.rows + blockX)) / (queries.rows + blockQ));
      }
      for (let i = 0; i < blockQ; i++) {
        const query = row(queries, q + i);
        const found = exactly(query, stored, places.subarray(i * kept, (i + 1) * kept), k);
        const norm = query.reduce((total, value) => total + value * value, 0);
        const error = (columns + 8) * 2 ** -24 * (norm + 2 * largest);
        const isSure = kept === stored.rows || near[(i + 1) * kept - 1]! + norm - error > found.distances[k - 1]! ** 2;
        const sure = isSure ? found : nearestRows(query, stored, columns, k);
        indices.set(sure.indices, (q + i) * k);
        distances.set(sure.distances, (q + i) * k);
      }
    }
  } finally {
    await program.dispose();
  }
  onProgress?.(1);
  return { indices, distances };
}

const specOf = ({ data, columns }: Features, rows: number) =>
  spec([rows, columns], data instanceof Uint8Array ? 'uint8' : 'float32');

const inUnits = (x: Parameters<typeof cast>[0], { scale = 1 }: Features) => mul(cast(x, 'float32'), scale);

const block = ({ data, columns }: Features, first: number, rows: number) =>
  hostTensor(data.subarray(first * columns, (first + rows) * columns), [rows, columns]);

function row({ data, columns, scale = 1 }: Features, at: number): Float32Array {
  const values = new Float32Array(columns);
  for (let j = 0; j < columns; j++) values[j] = data[at * columns + j]! * scale;
  return values;
}

function largestSquare(features: Features): number {
  const { data, columns, scale = 1 } = features;
  let most = 0;
  for (let from = 0; from < data.length; from += columns) {
    let total = 0;
    for (let j = from; j < from + columns; j++) total += data[j]! * data[j]!;
    most = Math.max(most, total);
  }
  return most * scale * scale;
}

/** Puts the values from `skip` on among the `kept` smallest, ascending; equal ones keep the order of their rows. */
function keepNearest(
  values: Float32Array,
  skip: number,
  offset: number,
  near: Float32Array,
  places: Int32Array,
  from: number,
  kept: number,
): void {
  const last = from + kept - 1;
  for (let j = skip; j < values.length; j++) {
    const value = values[j]!;
    if (value >= near[last]!) continue;
    let place = last;
    for (; place > from && near[place - 1]! > value; place--) {
      near[place] = near[place - 1]!;
      places[place] = places[place - 1]!;
    }
    near[place] = value;
    places[place] = offset + j;
  }
}

/** The `k` nearest of the candidates by distances in 64 bits. */
function exactly(query: Float32Array, stored: Features, candidates: Int32Array, k: number): NearestRows {
  const order = Int32Array.from(candidates).sort();
  const data = new Float32Array(order.length * stored.columns);
  order.forEach((place, i) => {
    data.set(row(stored, place), i * stored.columns);
  });
  const found = nearestRows(query, { data }, stored.columns, k);
  return { indices: found.indices.map((i) => order[i]!), distances: found.distances };
}
