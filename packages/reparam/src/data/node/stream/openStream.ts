import { closeSync, openSync, readSync } from 'node:fs';
import { resolve } from 'node:path';
import { ReparamError, sizeOf } from '@reparam/tensor';
import { cifar10Classes, requireLabel } from '../../formats/cifar.ts';
import { formatOf } from '../../formats/parse.ts';
import type { StreamedDataset } from '../../streamed.ts';
import { BlockReader } from './blockReader.ts';
import { openRowFile, type RowFile } from './rowFile.ts';
import { type PassProgress, statisticsOf } from './statistics.ts';

/** How files are read by rows. */
export interface StreamOptions {
  /** Bytes that are shuffled together, and kept in memory; default 64 MiB. */
  readonly shuffleBuffer?: number;
  /** As for files in memory: 1/255 for bytes of which any exceeds 1, else 1. */
  readonly scale?: number;
  readonly shape?: readonly number[];
  readonly labels?: Int32Array | undefined;
  readonly classNames?: readonly string[];
  readonly cacheDir: string;
  /** Hears of the first pass over all values, the results of which are kept. */
  readonly onPass?: PassProgress;
}

/** Default of `shuffleBuffer`. */
export const defaultShuffleBuffer = 64 * 2 ** 20;

const maxRows = 2 ** 31 - 1;

/** The rows of uncompressed IDX, npy or CIFAR-10 files, one after the other, as a set that stays in them. */
export async function openStream(
  name: string,
  paths: readonly string[],
  options: StreamOptions,
): Promise<StreamedDataset> {
  const files = await Promise.all(paths.map(openRowFile));
  const first = files[0]!;
  for (const file of files) requireSame(file, first);
  const size = files.reduce((total, file) => total + file.count, 0);
  const { labels = formatOf(first.path) === 'cifar' ? cifarLabels(files) : undefined, cacheDir, onPass } = options;
  const shape = options.shape ?? first.shape;
  if (sizeOf(shape) !== sizeOf(first.shape)) {
    throw new ReparamError('data', 'examples are of another size', {
      got: `[${first.shape.join(', ')}]`,
      expected: `[${shape.join(', ')}]`,
      at: first.path,
    });
  }
  if (size > maxRows) {
    throw new ReparamError('data', 'too many examples', { got: `${size}`, expected: `at most ${maxRows}`, at: name });
  }
  if (labels && labels.length !== size) {
    throw new ReparamError('data', 'labels do not match the examples', {
      got: `${labels.length} labels`,
      expected: `${size}, one an example`,
      at: name,
    });
  }
  const reader = new BlockReader(files, options.shuffleBuffer ?? defaultShuffleBuffer);
  const { statistics, scale } = await statisticsOf(files, reader, {
    scale: options.scale,
    cacheDir,
    ...(onPass && { onProgress: onPass }),
  });
  const classNames = options.classNames ?? (formatOf(first.path) === 'cifar' ? cifar10Classes : undefined);
  return {
    name,
    size,
    shape: [...shape],
    dtype: first.dtype,
    scale,
    range: statistics.range,
    ...(labels && { labels }),
    ...(classNames && { classNames }),
    source: paths.map((path) => resolve(path)).join(', '),
    blocks: reader.blocks,
    bufferBlocks: reader.bufferBlocks,
    statistics,
    readRows: (rows, out) => reader.readRows(rows, out),
  };
}

function requireSame(file: RowFile, first: RowFile): void {
  const kind = ({ dtype, shape }: RowFile) => `${dtype} [${shape.join(', ')}]`;
  if (kind(file) === kind(first)) return;
  throw new ReparamError('data', 'files of one set hold different examples', {
    got: kind(file),
    expected: `${kind(first)}, as in ${first.path}`,
    at: file.path,
  });
}

/** First byte of every record. */
function cifarLabels(files: readonly RowFile[]): Int32Array {
  const labels = new Int32Array(files.reduce((total, file) => total + file.count, 0));
  let row = 0;
  for (const { path, stride, count } of files) {
    const chunk = new Uint8Array(stride * 256);
    const descriptor = openSync(path, 'r');
    try {
      for (let record = 0; record < count; record += 256) {
        const some = Math.min(256, count - record);
        readSync(descriptor, chunk, 0, some * stride, record * stride);
        for (let i = 0; i < some; i++) labels[row + record + i] = requireLabel(chunk[i * stride]!, record + i, path);
      }
    } finally {
      closeSync(descriptor);
    }
    row += count;
  }
  return labels;
}
