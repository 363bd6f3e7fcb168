import { basename, resolve } from 'node:path';
import { ReparamError, sizeOf } from '@reparam/tensor';
import { createDataset, type Dataset } from '../../dataset.ts';
import { readLabels } from '../../formats/csv.ts';
import { defaultScale } from '../../formats/fromArray.ts';
import type { AnyDataset } from '../../streamed.ts';
import { concatenate } from '../../subset.ts';
import type { ImageSplit } from '../images/entry.ts';
import { type OpenImagesOptions, openImages } from '../images/openImages.ts';
import { openParquet, type ParquetFile } from './parquetFile.ts';
import { columnsOf, type ParquetColumns, type ParquetTable, parquetImages, parquetTable } from './parquetTable.ts';

/** How parquet files are opened. */
export interface OpenParquetOptions extends OpenImagesOptions {
  readonly labelColumn?: string | number | false;
  readonly shape?: readonly number[];
}

const splitOf = (path: string): ImageSplit => {
  const [, found] =
    /^(train|test)[-_.]/i.exec(basename(path)) ?? /^(val)(?:id|idation)?[-_.]/i.exec(basename(path)) ?? [];
  return found ? (found.toLowerCase() === 'train' ? 'train' : 'test') : 'all';
};

/** Examples of parquet files by split: `train-….parquet` and `test-….parquet` (or `validation-…`), or all in one. */
export async function openParquetSet(
  name: string,
  paths: readonly string[],
  options: OpenParquetOptions,
): Promise<Partial<Record<ImageSplit, AnyDataset>>> {
  const files = await Promise.all(paths.map(openParquet));
  const columns = columnsOf(files[0]!, options.labelColumn);
  for (const file of files) requireSame(columnsOf(file, options.labelColumn), columns, file, files[0]!);
  const isSplit = new Set(paths.map(splitOf)).size > 1;
  const split = (path: string) => (isSplit ? splitOf(path) : 'all');
  if (columns.image !== undefined) {
    const identity = JSON.stringify([
      columns,
      files.map(({ path, bytes, modified }) => [resolve(path), bytes, modified]),
    ]);
    async function* entries() {
      for (const file of files) yield* parquetImages(file, columns, split(file.path));
    }
    const count = files.reduce((total, { size }) => total + size, 0);
    const classNames = columns.label === undefined ? undefined : files[0]!.classNames(columns.label);
    return openImages({ name, identity, classNames, list: async () => ({ count, entries: entries() }) }, options);
  }
  const tables: ParquetTable[] = [];
  for (const file of files) tables.push(await parquetTable(file, columns));
  // Words are numbered over all files, so that a class has one number.
  const texts = columns.label === undefined ? undefined : tables.flatMap(({ labels = [] }) => labels);
  const known = texts && readLabels(texts, name);
  const classNames = (columns.label !== undefined && files[0]!.classNames(columns.label)) || known?.classNames;
  const sets: Partial<Record<ImageSplit, Dataset>> = {};
  let row = 0;
  for (const [i, table] of tables.entries()) {
    const labels = known?.labels.subarray(row, row + files[i]!.size);
    row += files[i]!.size;
    const part = datasetOf(table, name, files[i]!.path, options, { labels, classNames });
    const at = split(files[i]!.path);
    const before = sets[at];
    sets[at] = before ? concatenate(before, part) : part;
  }
  return sets;
}

function datasetOf(
  { data: values, columns }: ParquetTable,
  name: string,
  at: string,
  options: OpenParquetOptions,
  known: { labels: Int32Array | undefined; classNames: readonly string[] | undefined },
): Dataset {
  const { shape = [columns] } = options;
  if (sizeOf(shape) !== columns) {
    throw new ReparamError('config', 'shape does not fit the columns', {
      got: `[${shape.join(', ')}]`,
      expected: `a product of ${columns}`,
      at,
    });
  }
  const isPixels = shape.length > 1 && values.every((value) => value === (value & 255));
  const data = isPixels ? Uint8Array.from(values) : values;
  const { labels, classNames } = known;
  return createDataset({
    name,
    data,
    shape,
    scale: options.scale ?? defaultScale(data),
    source: resolve(name),
    ...(labels && { labels }),
    ...(classNames && { classNames }),
  });
}

function requireSame(found: ParquetColumns, wanted: ParquetColumns, file: ParquetFile, first: ParquetFile): void {
  const text = (columns: ParquetColumns) =>
    [columns.image, ...columns.numbers, columns.label].filter(Boolean).join(', ');
  if (text(found) === text(wanted)) return;
  throw new ReparamError('data', 'files of one set have different columns', {
    got: text(found),
    expected: `${text(wanted)}, as in ${first.path}`,
    at: file.path,
  });
}
