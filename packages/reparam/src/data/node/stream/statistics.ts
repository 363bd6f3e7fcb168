import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import type { Statistics } from '../../streamed.ts';
import { writeWhole } from '../files.ts';
import type { BlockReader } from './blockReader.ts';
import type { RowFile } from './rowFile.ts';

/** Statistics of stored values: `sums` of each column; all else as `Statistics` has it. */
interface Pass {
  readonly min: number;
  readonly max: number;
  readonly sums: number[];
  readonly isWhole: boolean;
  /** Values that are neither 0 nor `max`: none when all are bits. */
  readonly isTwoValued: boolean;
  readonly digest: string;
}

/** How a long pass shows how far it is. */
export type PassProgress = (share: number) => void;

/**
 * Range, means and kind of all values of `files`, in one pass a block at a time, kept in `cacheDir` under the files' paths,
 * sizes and times. A `data` error names the first row and column that is not finite.
 */
export async function statisticsOf(
  files: readonly RowFile[],
  reader: BlockReader,
  options: { readonly scale?: number | undefined; readonly cacheDir: string; readonly onProgress?: PassProgress },
): Promise<{ statistics: Statistics; scale: number }> {
  const identity = JSON.stringify(files.map(({ path, bytes, modified }) => [resolve(path), bytes, modified]));
  const path = join(options.cacheDir, 'statistics', `${createHash('sha256').update(identity).digest('hex')}.json`);
  const { dtype } = files[0]!;
  let pass = await readPass(path, identity);
  if (!pass) {
    pass = await runPass(files, reader, options.onProgress);
    // A cache that cannot be written costs time only.
    const text = JSON.stringify({ version: passVersion, identity, pass });
    await writeWhole(path, new TextEncoder().encode(text)).catch(() => undefined);
  }
  const { min, max, sums, isWhole, isTwoValued, digest } = pass;
  const scale = options.scale ?? (dtype === 'uint8' && max > 1 ? 1 / 255 : 1);
  const size = files.reduce((total, file) => total + file.count, 0);
  const mean = Float64Array.from(sums, (sum) => (sum * scale) / size);
  const isBinary = isTwoValued && min >= 0 && (max === 0 || max * scale === 1);
  return { statistics: { range: { min, max }, mean, isBinary, isWhole, digest }, scale };
}

const passVersion = 1;

async function readPass(path: string, identity: string): Promise<Pass | undefined> {
  try {
    const found = JSON.parse(await readFile(path, 'utf8'));
    return found.version === passVersion && found.identity === identity ? found.pass : undefined;
  } catch {
    return undefined;
  }
}

async function runPass(files: readonly RowFile[], reader: BlockReader, onProgress?: PassProgress): Promise<Pass> {
  const { blocks } = reader;
  const count = blocks.length - 1;
  const width = reader.readBlock(0).length / (blocks[1]! - blocks[0]!);
  const sums = new Float64Array(width);
  const hash = createHash('sha256').update(`${files[0]!.dtype} ${files[0]!.shape.join(' ')}\n`);
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let second = 0;
  let hasZero = false;
  let isTwoValued = true;
  let isWhole = true;
  let room: Uint8Array | Float32Array | undefined;
  for (let block = 0; block < count; block++) {
    const values: Uint8Array | Float32Array = reader.readBlock(block, room);
    room ??= values.length === (blocks[1]! - blocks[0]!) * width ? values : undefined;
    let weighted = 0;
    for (let from = 0, row = 1; from < values.length; from += width, row++) {
      let total = 0;
      for (let i = 0; i < width; i++) {
        const value = values[from + i]!;
        if (value === 0) {
          hasZero = true;
          continue;
        }
        sums[i]! += value;
        total += value * (i + 1);
        if (value < min) min = value;
        if (value > max) max = value;
        if (value !== second) {
          if (second === 0) second = value;
          else isTwoValued = false;
        }
        if (isWhole && value !== Math.floor(value)) isWhole = false;
      }
      // A NaN or an infinity stays in the sum; finite 32-bit numbers cannot make one.
      if (!Number.isFinite(total)) {
        const column = values.subarray(from, from + width).findIndex((value) => !Number.isFinite(value));
        throw notFinite(files, blocks[block]! + row - 1, column, values[from + column]!);
      }
      weighted += total * row;
    }
    hash.update(`${weighted}\n`);
    onProgress?.((block + 1) / count);
    if (block % 64 === 63) await new Promise((done) => setImmediate(done));
  }
  hash.update(sums.join(' '));
  if (hasZero) {
    min = Math.min(min, 0);
    max = Math.max(max, 0);
  }
  return { min, max, sums: [...sums], isWhole, isTwoValued, digest: hash.digest('hex') };
}

function notFinite(files: readonly RowFile[], row: number, column: number, value: number): ReparamError {
  let first = 0;
  let file = files[0]!;
  for (file of files) {
    if (row < first + file.count) break;
    first += file.count;
  }
  return new ReparamError('data', `value is not finite at row ${row - first}, column ${column}`, {
    got: `${value}`,
    expected: 'a finite 32-bit number',
    fix: 'Remove or impute such values first (rows and columns count from 0)',
    at: file.path,
  });
}
