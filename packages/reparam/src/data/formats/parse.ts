import { ReparamError, sizeOf } from '@reparam/tensor';
import { createDataset, type Dataset } from '../dataset.ts';
import { cifar10Classes, cifarShape, parseCifar10 } from './cifar.ts';
import { type CsvOptions, parseCsv } from './csv.ts';
import type { RawArray } from './elements.ts';
import { defaultScale, fromArray } from './fromArray.ts';
import { gunzip, isGzip } from './gzip.ts';
import { parseIdx } from './idx.ts';
import { type Labelling, labellingOf, labellingOfTable } from './labelling.ts';
import { parseNpy } from './npy.ts';
import { parseNpz } from './npz.ts';

/** What the bytes of a file alone do not say about its examples. */
export interface ParseOptions extends CsvOptions {
  /** A file of labels (IDX, npy or CSV) for a format that cannot hold them. */
  readonly labels?: { readonly bytes: Uint8Array; readonly fileName: string };
  /** Value in the model = stored × scale. Default: 1/255 for bytes (1 when none exceeds 1), else 1. */
  readonly scale?: number;
  /** Shape of one example, such as [28, 28] for the columns of a table. */
  readonly shape?: readonly number[];
}

/** A file's examples; `test` when the file holds its own test split. */
export interface ParsedFile {
  readonly train: Dataset;
  readonly test?: Dataset;
}

/** The kinds of files that are read. */
export type Format = 'idx' | 'csv' | 'npy' | 'npz' | 'cifar';

/** The format a file name stands for, `.gz` aside; undefined when unknown. */
export function formatOf(fileName: string): Format | undefined {
  const name = fileName.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.npy')) return 'npy';
  if (name.endsWith('.npz')) return 'npz';
  if (name.endsWith('.bin')) return 'cifar';
  if (/\.(csv|tsv)$/.test(name)) return 'csv';
  return /([-.]ubyte|[-.]idx\d*([-.]ubyte)?)$/.test(name) ? 'idx' : undefined;
}

/**
 * Reads the bytes of an IDX, CSV, TSV, npy, npz or CIFAR-10 batch file, gzipped or not, as its name says. Data errors name the file and
 * what is wrong with it; an unknown ending is a config error.
 */
export function parseDataset(bytes: Uint8Array, fileName: string, options: ParseOptions = {}): ParsedFile {
  const format = knownFormat(fileName);
  const raw = unpack(bytes, fileName);
  if (format === 'csv') return { train: fromCsv(raw, fileName, options) };
  if (format === 'npz') return fromNpz(parseNpz(raw, fileName), fileName, options);
  if (format === 'cifar') return fromCifar(raw, fileName, options);
  const array = format === 'idx' ? parseIdx(raw, fileName) : parseNpy(raw, fileName);
  const labels = options.labels && parseLabels(options.labels.bytes, options.labels.fileName);
  return { train: fromArray(array, fileName, { ...options, labels }) };
}

function knownFormat(fileName: string): Format {
  const format = formatOf(fileName);
  if (format) return format;
  throw new ReparamError('config', 'file format is not known', {
    got: fileName,
    expected: 'a name ending in .csv, .tsv, .npy, .npz, .idx, -ubyte or .bin (CIFAR-10), with or without .gz',
    fix: 'Rename or convert it',
  });
}

const unpack = (bytes: Uint8Array, at: string): Uint8Array =>
  isGzip(bytes) || at.endsWith('.gz') ? gunzip(bytes, at) : bytes;

/** Reads a file of labels: a class a row, or several labels of 0 or 1; −1 (in CSV also nothing) where missing. */
export function parseLabels(bytes: Uint8Array, fileName: string): Labelling {
  const format = knownFormat(fileName);
  const raw = unpack(bytes, fileName);
  if (format === 'idx') return labellingOf(parseIdx(raw, fileName), fileName);
  if (format === 'npy') return labellingOf(parseNpy(raw, fileName), fileName);
  if (format === 'npz' || format === 'cifar') {
    throw new ReparamError('config', 'labels cannot come from such a file', {
      got: fileName,
      expected: 'an IDX, npy or CSV file',
    });
  }
  return labellingOfTable(raw, fileName);
}

function fromCifar(bytes: Uint8Array, fileName: string, { scale = 1 / 255 }: ParseOptions): ParsedFile {
  const batch = parseCifar10(bytes, fileName);
  return { train: createDataset({ name: fileName, ...batch, shape: cifarShape, scale, classNames: cifar10Classes }) };
}

/** A table; given an image shape, whole numbers from 0 to 255 are kept as bytes, as pixels in a table are. */
function fromCsv(bytes: Uint8Array, fileName: string, options: ParseOptions): Dataset {
  const tabs = /\.tsv(\.gz)?$/i.test(fileName) ? { delimiter: '\t' } : {};
  const table = parseCsv(bytes, { ...tabs, ...options }, fileName);
  const { shape = [table.columns], scale } = options;
  if (sizeOf(shape) !== table.columns) {
    throw new ReparamError('config', 'shape does not fit the columns', {
      got: `[${shape.join(', ')}]`,
      expected: `a product of ${table.columns}`,
      at: fileName,
    });
  }
  const { labels, classNames } = table;
  const own = options.labels ? parseLabels(options.labels.bytes, options.labels.fileName) : { labels, classNames };
  const pixels = shape.length > 1 && table.data.every((value) => value === (value & 255));
  const data = pixels ? Uint8Array.from(table.data) : table.data;
  return createDataset({ name: fileName, data, shape, scale: scale ?? defaultScale(data), ...own });
}

const exampleKeys = ['x', 'X', 'data', 'images', 'arr_0'];
const labelKeys = ['y', 'Y', 'labels', 'label', 'arr_1'];

function fromNpz(arrays: Record<string, RawArray>, at: string, options: ParseOptions): ParsedFile {
  const pick = (keys: readonly string[]) => keys.map((key) => arrays[key]).find((array) => array);
  const read = (array: RawArray, labels: RawArray | undefined, split?: string) =>
    fromArray(array, at, { ...options, labels: labels && labellingOf(labels, at), split });
  const [train, test] = [arrays.x_train, arrays.x_test];
  if (train && test) {
    return { train: read(train, arrays.y_train, 'train'), test: read(test, arrays.y_test, 'test') };
  }
  const names = Object.keys(arrays);
  const examples = pick(exampleKeys) ?? (names.length === 1 ? arrays[names[0]!] : undefined);
  if (!examples) {
    throw new ReparamError('data', 'npz file has no array of examples', {
      got: names.slice(0, 12).join(', '),
      expected: `one named ${exampleKeys.join(', ')}, or x_train and x_test`,
      at,
    });
  }
  if (!options.labels) return { train: read(examples, pick(labelKeys)) };
  const labels = parseLabels(options.labels.bytes, options.labels.fileName);
  return { train: fromArray(examples, at, { ...options, labels }) };
}
