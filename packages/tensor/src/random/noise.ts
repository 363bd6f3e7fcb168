import { ReparamError } from '../errors.ts';
import { sizeOf } from '../host.ts';
import { fillNormals } from './fillNormals.ts';
import { foldIn, type Key, key } from './key.ts';
import { uniformFromWord } from './normal.ts';
import { threefryFill } from './threefry.ts';

/** Standard normal, or uniform on the open interval (0, 1). */
export type NoiseKind = 'normal' | 'uniform';

/** A noise input: its name, distribution and static shape, whose axis `rowAxis` runs over the rows of the batch. */
export interface NoiseSpec {
  readonly site: string;
  readonly kind: NoiseKind;
  readonly shape: readonly number[];
  readonly rowAxis: number;
}

/** Which numbers to fill in. */
export interface NoiseSource {
  readonly seed: number | bigint;
  /** Row ids (position in the data set), the batch's from `rowsOffset` (default 0) on. */
  readonly rows: Int32Array;
  readonly rowsOffset?: number;
  /** How often a row was presented before: one number for the batch, or one beside every entry of `rows`. */
  readonly draws: number | Int32Array;
}

const chunk = 2048;
const words = new Int32Array(chunk);

/**
 * Fills `spec.shape` numbers of `out` from `outOffset` on. Element e of a row's event (row-major, row axis left out) is
 * word e & 1 of Threefry counter (row id, e >> 1) under `deriveKey(seed, site, draw)`: the same in whatever batch the
 * row appears, and with more samples on a leading axis the first ones stay. Throws `shape` when an array is too short.
 */
export function fillNoise(spec: NoiseSpec, out: Float32Array, outOffset: number, source: NoiseSource): void {
  const { shape, rowAxis, kind } = spec;
  const { rows, rowsOffset = 0, draws } = source;
  const count = shape[rowAxis];
  if (count === undefined) {
    throw new ReparamError('shape', 'noise has no such row axis', {
      got: `axis ${rowAxis} of shape [${shape.join(', ')}]`,
      at: spec.site,
    });
  }
  const inner = sizeOf(shape.slice(rowAxis + 1));
  const event = inner * sizeOf(shape.slice(0, rowAxis));
  needLength(spec, 'output', out, outOffset, count * event);
  needLength(spec, 'row ids', rows, rowsOffset, count);
  if (typeof draws !== 'number') needLength(spec, 'draws', draws, rowsOffset, count);

  const site = foldIn(key(source.seed), spec.site);
  let drawn = -1;
  let drawKey = site;
  for (let row = 0; row < count; row++) {
    const draw = typeof draws === 'number' ? draws : draws[rowsOffset + row]!;
    if (row === 0 || draw !== drawn) {
      drawKey = foldIn(site, draw);
      drawn = draw;
    }
    fillStream(kind, drawKey, rows[rowsOffset + row]!, event, out, outOffset + row * inner, inner, count * inner);
  }
}

/** `n` standard normals of `key` (float32); a shorter array is a prefix of a longer one. */
export const normalArray = (key: Key, n: number): Float32Array => stream('normal', key, n);

/** `n` uniforms of `key` on the open interval (0, 1) (float32); a shorter array is a prefix of a longer one. */
export const uniformArray = (key: Key, n: number): Float32Array => stream('uniform', key, n);

function stream(kind: NoiseKind, key: Key, n: number): Float32Array {
  const out = new Float32Array(n);
  fillStream(kind, key, 0, n, out, 0, n, n);
  return out;
}

/** The stream's first `length` numbers, laid out as runs of `run` whose starts lie `stride` apart. */
function fillStream(
  kind: NoiseKind,
  { k0, k1 }: Key,
  counter: number,
  length: number,
  out: Float32Array,
  offset: number,
  run: number,
  stride: number,
): void {
  const convert = kind === 'normal' ? fillNormals : fillUniforms;
  let left = run;
  for (let start = 0; start < length; start += chunk) {
    const n = Math.min(chunk, length - start);
    threefryFill(k0, k1, counter, start >>> 1, words, 0, (n + 1) >>> 1);
    for (let done = 0; done < n; ) {
      const size = Math.min(left, n - done);
      convert(words, done, out, offset, size);
      done += size;
      left -= size;
      offset += size;
      if (left === 0) {
        left = run;
        offset += stride - run;
      }
    }
  }
}

function fillUniforms(source: Int32Array, from: number, out: Float32Array, offset: number, size: number): void {
  for (let i = 0; i < size; i++) out[offset + i] = uniformFromWord(source[from + i]!);
}

function needLength(spec: NoiseSpec, what: string, array: ArrayLike<number>, offset: number, length: number): void {
  if (offset >= 0 && offset + length <= array.length) return;
  throw new ReparamError('shape', `${what} of the noise too short`, {
    got: `${array.length} elements from offset ${offset}`,
    expected: `${length} for shape [${spec.shape.join(', ')}]`,
    at: spec.site,
  });
}
