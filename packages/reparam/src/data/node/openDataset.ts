import { basename, dirname, extname, join, resolve } from 'node:path';
import { nearest, ReparamError } from '@reparam/tensor';
import type { Dataset } from '../dataset.ts';
import { digits } from '../digits.ts';
import { faces } from '../faces.ts';
import { formatOf, type ParseOptions, parseDataset } from '../formats/parse.ts';
import { carve, concatenate, splitValidation } from '../subset.ts';
import { kindOf, readBytes } from './files.ts';
import { type NamedOptions, readNamed } from './named.ts';
import { datasetNames, namedSets } from './registry.ts';

/** A part of a data set; `all` is train and test together. */
export type Split = 'train' | 'validation' | 'test' | 'all';

/** Which part of a set to open, and how. */
export interface OpenOptions extends NamedOptions, Omit<ParseOptions, 'labels'> {
  /** Default `train`. */
  readonly split?: Split;
  /** Examples of `train` set aside for validation: a fraction below 1 or a count. Default 0: none. */
  readonly validation?: number;
  /** Examples of a file without a test split of its own that make one: a fraction below 1 or a count. Default 0.1. */
  readonly test?: number;
  /** Seed of the validation split; default 0. The test split of a file is always drawn with seed 0. */
  readonly seed?: number | bigint;
  /** A file of labels; default for IDX: the file beside the images whose name says `labels`, where there is one. */
  readonly labels?: string;
}

/**
 * Opens a data set by name (`digits`, `faces`, `mnist`, `fashion-mnist`) or by path (IDX, CSV, TSV, npy, npz; gzipped or not).
 *
 * Named sets keep their own test split. From a file, 10 % of the rows are drawn for `test` with seed 0, and `train` is the
 * rest; `validation` then comes out of `train`. The same file and options always give the same rows.
 *
 * @example
 * const train = await openDataset('mnist', { split: 'train', validation: 5000 });
 */
export async function openDataset(nameOrPath: string, options: OpenOptions = {}): Promise<Dataset> {
  const { split = 'train', validation = 0, seed = 0 } = options;
  if (split === 'validation' && validation === 0) {
    throw new ReparamError('config', 'no validation split was set aside', {
      expected: 'a fraction or count for validation',
      at: nameOrPath,
    });
  }
  const source = await openSource(nameOrPath, options);
  const scaled = (dataset: Dataset): Dataset => ({ ...dataset, split, scale: options.scale ?? dataset.scale });
  if (split === 'test') return scaled(await source.test());
  if (split === 'all') return scaled(await source.all());
  const train = scaled(await source.train());
  if (validation === 0) return { ...train, split };
  return splitValidation(train, validation, seed)[split];
}

interface Source {
  train(): Promise<Dataset>;
  test(): Promise<Dataset>;
  all(): Promise<Dataset>;
}

/** Sets that come with the library. */
const ownSets = new Map(Object.entries({ digits, faces }));

async function openSource(nameOrPath: string, options: OpenOptions): Promise<Source> {
  const own = ownSets.get(nameOrPath);
  if (own) return { train: async () => own('train'), test: async () => own('test'), all: async () => own('all') };
  const set = namedSets.find(({ name }) => name === nameOrPath);
  if (set) {
    const read = (split: 'train' | 'test') => readNamed(set, split, options);
    return {
      train: () => read('train'),
      test: () => read('test'),
      all: async () => concatenate(await read('train'), await read('test')),
    };
  }
  await requirePath(nameOrPath);
  const { train, test } = await readFileSet(nameOrPath, options);
  if (test) return { train: async () => train, test: async () => test, all: async () => concatenate(train, test) };
  const amount = options.test ?? 0.1;
  const carved = () => carve(train, amount, 0, 'split/test');
  return {
    train: async () => (amount === 0 ? train : carved()[0]),
    test: async () => (amount === 0 ? noTest(nameOrPath) : carved()[1]),
    all: async () => train,
  };
}

function noTest(at: string): never {
  throw new ReparamError('config', 'no test split was set aside', { expected: 'a fraction or count for test', at });
}

async function requirePath(nameOrPath: string): Promise<void> {
  const kind = await kindOf(nameOrPath);
  if (kind === 'file') return;
  if (kind === undefined && (/[\\/]/.test(nameOrPath) || extname(nameOrPath) !== '')) {
    throw new ReparamError('file', 'cannot read file', { got: 'there is no such file', at: resolve(nameOrPath) });
  }
  const near = nearest(nameOrPath, datasetNames);
  throw new ReparamError('config', kind === 'folder' ? 'a folder is not a data set' : 'no such data set', {
    got: `"${nameOrPath}"`,
    expected: `${datasetNames.join(', ')}, or the path of an IDX, CSV, TSV, npy or npz file`,
    fix: near && `Did you mean "${near}"?`,
  });
}

async function readFileSet(path: string, options: OpenOptions) {
  const labels = options.labels ?? (await labelsBeside(path));
  const parsed = parseDataset(await readBytes(path), path, {
    ...options,
    labels: labels === undefined ? undefined : { bytes: await readBytes(labels), fileName: labels },
  });
  const withSource = (dataset: Dataset) => ({ ...dataset, source: resolve(path) });
  return { train: withSource(parsed.train), test: parsed.test && withSource(parsed.test) };
}

/** `train-images-idx3-ubyte` → `train-labels-idx1-ubyte`, plain or gzipped, when that file exists. */
async function labelsBeside(path: string): Promise<string | undefined> {
  if (formatOf(path) !== 'idx' || !basename(path).includes('images')) return undefined;
  const name = basename(path);
  const plain = name.replace('images', 'labels').replace(/idx\d/, 'idx1').replace(/\.gz$/, '');
  for (const candidate of [plain, `${plain}.gz`]) {
    const beside = join(dirname(path), candidate);
    if ((await kindOf(beside)) === 'file') return beside;
  }
  return undefined;
}
