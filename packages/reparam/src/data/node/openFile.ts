import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import type { BesideRows } from '../besideRows.ts';
import { type Dataset, requireOneEach } from '../dataset.ts';
import { formatOf, parseDataset, parseLabels } from '../formats/parse.ts';
import type { AnyDataset } from '../streamed.ts';
import { concatenate } from '../subset.ts';
import { fileError, kindOf, readBytes } from './files.ts';
import type { ImageSplit } from './images/entry.ts';
import { folderEntries } from './images/folderEntries.ts';
import { type OpenImagesOptions, openImages } from './images/openImages.ts';
import { isArchive, tarEntries } from './images/tarEntries.ts';
import { cacheFolder } from './locate.ts';
import type { OpenOptions } from './openDataset.ts';
import { openParquetSet } from './parquet/openParquetSet.ts';
import { openStream } from './stream/openStream.ts';
import { isStreamable } from './stream/rowFile.ts';

/** The examples at a path, by the splits that its files or folders make; `all` when they make none. */
export type FileParts = Partial<Record<ImageSplit, AnyDataset>>;

/** Data of more bytes than this stay in their file, where they can: 1 GiB. */
export const defaultMemoryLimit = 2 ** 30;

const ofLabels = 'Labels are a file, or so many of those the data have; a column of a table is data.labelColumn';

/** Opens the file or folder at `path`: which format it is, its name and content say. */
export async function openFile(path: string, options: OpenOptions): Promise<FileParts> {
  const { memoryLimit = defaultMemoryLimit, cacheDir = cacheFolder(), stream } = options;
  const images: OpenImagesOptions = { ...options, cacheDir, isStreamed: (bytes) => stream ?? bytes > memoryLimit };
  if ((await kindOf(path)) === 'folder') return openFolder(path, options, images);
  if (isArchive(path)) {
    const archive = await tarEntries(path);
    return openImages({ name: path, ...archive }, images);
  }
  if (isParquet(path)) return openParquetSet(path, [path], { ...images, ...options, cacheDir });
  return openRows(path, [path], options, images);
}

const isParquet = (name: string): boolean => name.toLowerCase().endsWith('.parquet');

async function openFolder(folder: string, options: OpenOptions, images: OpenImagesOptions): Promise<FileParts> {
  const names = await readdir(folder).catch((cause) => {
    throw fileError('cannot read folder', folder, cause);
  });
  const paths = names.sort().map((name) => join(folder, name));
  const parquet = paths.filter(isParquet);
  if (parquet.length > 0) return openParquetSet(folder, parquet, { ...images, ...options, cacheDir: images.cacheDir });
  const batches = paths.filter((path) => /^data_batch_\d+\.bin$/.test(basename(path)));
  if (batches.length > 0) {
    const test = paths.filter((path) => basename(path) === 'test_batch.bin');
    const { all: train } = await openRows(folder, batches, options, images);
    if (!train || test.length === 0) return { ...(train && { all: train }) };
    return { train, test: (await openRows(folder, test, options, images)).all! };
  }
  const arrays = paths.filter((path) => formatOf(path) === 'npy' && isStreamable(path));
  if (arrays.length > 0) return openRows(folder, arrays, options, images);
  const { entries, identity } = await folderEntries(folder);
  return openImages({ name: folder, identity, list: async () => ({ count: entries.length, entries }) }, images);
}

/** Files of rows, one after the other: in memory, or read as they are needed. */
async function openRows(
  name: string,
  paths: readonly string[],
  options: OpenOptions,
  { isStreamed, cacheDir, onWork }: OpenImagesOptions,
): Promise<FileParts> {
  const labelsPath = options.labels ?? (await labelsBeside(paths[0]!));
  const labels =
    labelsPath === undefined ? undefined : { bytes: await readBytes(labelsPath, ofLabels), fileName: labelsPath };
  const sizes = await Promise.all(paths.map(sizeOfFile));
  const total = sizes.reduce((a, b) => a + b, 0);
  const canStream = paths.every(isStreamable);
  if (options.stream && !canStream) {
    throw new ReparamError('config', 'this format cannot be read as it is needed', {
      got: name,
      expected: 'uncompressed IDX, npy or CIFAR-10 batches, or images',
      fix: 'Unpack or convert it (npy is simplest), or leave data.stream out',
    });
  }
  if (canStream && isStreamed(total)) {
    const known = labels && parseLabels(labels.bytes, labels.fileName);
    const onPass = onWork && ((share: number) => onWork('reading values', share));
    const stream = await openStream(name, paths, {
      ...options,
      labels: known?.labels,
      ...(known?.classNames && { classNames: known.classNames }),
      cacheDir,
      ...(onPass && { onPass }),
    });
    return { all: withTargets(stream, known?.targets) };
  }
  if (paths.length === 1) {
    const { train, test } = parseDataset(await readBytes(paths[0]!), paths[0]!, { ...options, labels });
    const sourced = (dataset: Dataset): Dataset => ({ ...dataset, source: resolve(paths[0]!) });
    return test ? { train: sourced(train), test: sourced(test) } : { all: sourced(train) };
  }
  let whole: Dataset | undefined;
  for (const path of paths) {
    const { train } = parseDataset(await readBytes(path), path, { ...options, labels: undefined });
    whole = whole ? concatenate(whole, train) : train;
  }
  const { targets, ...found } = labels ? parseLabels(labels.bytes, labels.fileName) : {};
  requireOneEach(found.labels?.length, whole!.size, name);
  return { all: withTargets({ ...whole!, name, source: resolve(name), ...found }, targets) };
}

function withTargets<T extends AnyDataset>(dataset: T, targets: BesideRows | undefined): T {
  if (!targets) return dataset;
  requireOneEach(targets.data.length / targets.size, dataset.size, dataset.name);
  return { ...dataset, targets };
}

const sizeOfFile = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    (cause) => {
      throw fileError('cannot read file', path, cause);
    },
  );

/** `train-images-idx3-ubyte` → `train-labels-idx1-ubyte`, plain or gzipped, when that file exists. */
async function labelsBeside(path: string): Promise<string | undefined> {
  if (formatOf(path) !== 'idx' || !basename(path).includes('images')) return undefined;
  const plain = basename(path).replace('images', 'labels').replace(/idx\d/, 'idx1').replace(/\.gz$/, '');
  for (const candidate of [plain, `${plain}.gz`]) {
    const beside = join(dirname(path), candidate);
    if ((await kindOf(beside)) === 'file') return beside;
  }
  return undefined;
}
