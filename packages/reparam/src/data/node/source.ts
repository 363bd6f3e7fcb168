import { basename, dirname, extname, join, resolve } from 'node:path';
import { nearest, ReparamError } from '@reparam/tensor';
import type { Dataset } from '../dataset.ts';
import { digits } from '../digits.ts';
import { faces } from '../faces.ts';
import { sprites } from '../sprites.ts';
import { type AnyDataset, isStreamed } from '../streamed.ts';
import { carve, concatenate } from '../subset.ts';
import { cifar10, readCifar10 } from './cifar10.ts';
import { kindOf } from './files.ts';
import { isArchive } from './images/tarEntries.ts';
import { readNamed } from './named.ts';
import type { OpenOptions } from './openDataset.ts';
import { type FileParts, openFile } from './openFile.ts';
import { datasetNames, namedSets } from './registry.ts';

/** A data set, its parts opened when they are asked for. */
export interface Source {
  train(): Promise<AnyDataset>;
  test(): Promise<AnyDataset>;
  all(): Promise<AnyDataset>;
}

/** Sets that come with the library. */
const ownSets = new Map<string, (split: 'train' | 'test' | 'all') => Dataset>(
  Object.entries({ digits, faces, sprites }),
);

/** The set of that name, else at that path; a `config` error names what comes nearest. */
export async function sourceOf(nameOrPath: string, options: OpenOptions): Promise<Source> {
  const own = ownSets.get(nameOrPath);
  if (own) return { train: async () => own('train'), test: async () => own('test'), all: async () => own('all') };
  if (nameOrPath === cifar10.name) return downloaded((split) => readCifar10(split, options));
  const set = namedSets.find(({ name }) => name === nameOrPath);
  if (set) return downloaded((split) => readNamed(set, split, options));
  await requirePath(nameOrPath);
  const parts = await openFile(nameOrPath, options);
  return split(parts, options.testFile ?? (await testBeside(nameOrPath, parts)), nameOrPath, options);
}

const downloaded = (read: (split: 'train' | 'test') => Promise<Dataset>): Source => ({
  train: () => read('train'),
  test: () => read('test'),
  all: async () => concatenate(await read('train'), await read('test')),
});

/** A file’s own splits, those of two files, or a part of the rows drawn with seed 0. */
async function split(
  parts: FileParts,
  testFile: string | undefined,
  at: string,
  options: OpenOptions,
): Promise<Source> {
  if (testFile !== undefined) {
    await requirePath(testFile);
    const train = soleOf(parts, at);
    const test = soleOf(await openFile(testFile, { ...options, labels: options.testLabels }), testFile);
    requireClasses(train, test, testFile);
    return pair(train, test, at);
  }
  if (parts.train && parts.test) return pair(parts.train, parts.test, at);
  const whole = soleOf(parts, at);
  const amount = options.test ?? 0.1;
  if (amount === 0) return { train: async () => whole, test: async () => noTest(at), all: async () => whole };
  let carved: [AnyDataset, AnyDataset] | undefined;
  const part = (index: 0 | 1) => {
    carved ??= carve(whole, amount, 0, 'split/test');
    return carved[index];
  };
  return { train: async () => part(0), test: async () => part(1), all: async () => whole };
}

const pair = (train: AnyDataset, test: AnyDataset, at: string): Source => ({
  train: async () => train,
  test: async () => test,
  all: async () => {
    if (!isStreamed(train) && !isStreamed(test)) return concatenate(train, test);
    throw new ReparamError('config', 'train and test cannot be read as one set while they stay in their files', {
      fix: 'Use one split, or read them into memory (data.stream = false)',
      at,
    });
  },
});

function soleOf({ all, train, test }: FileParts, at: string): AnyDataset {
  const found = [all, train, test].filter((part) => part !== undefined);
  if (found.length === 1) return found[0]!;
  throw new ReparamError('config', 'a set with a test split of its own takes no test file', { at });
}

function requireClasses(train: AnyDataset, test: AnyDataset, at: string): void {
  const names = ({ classNames = [] }: AnyDataset) => classNames.join(', ');
  if (names(train) === names(test)) return;
  throw new ReparamError('data', 'train and test have different classes', {
    got: names(test).slice(0, 200),
    expected: names(train).slice(0, 200),
    at,
  });
}

function noTest(at: string): never {
  throw new ReparamError('config', 'no test split was set aside', { expected: 'a fraction or count for test', at });
}

/** `…train….tar.gz` → `…test….tar.gz` when that file exists: archives of images often come in pairs. */
async function testBeside(path: string, parts: FileParts): Promise<string | undefined> {
  if (!isArchive(path) || parts.test || !basename(path).includes('train')) return undefined;
  const beside = join(dirname(path), basename(path).replace(/train(?!.*train)/, 'test'));
  return (await kindOf(beside)) === 'file' ? beside : undefined;
}

async function requirePath(nameOrPath: string): Promise<void> {
  if ((await kindOf(nameOrPath)) !== undefined) return;
  if (/[\\/]/.test(nameOrPath) || extname(nameOrPath) !== '') {
    throw new ReparamError('file', 'cannot read file', { got: 'there is no such file', at: resolve(nameOrPath) });
  }
  const near = nearest(nameOrPath, datasetNames);
  throw new ReparamError('config', 'no such data set', {
    got: `"${nameOrPath}"`,
    expected: `${datasetNames.join(', ')}, or the path of a file (IDX, CSV, TSV, npy, npz, parquet, CIFAR-10 batch, tar of images) or a folder of images`,
    fix: near && `Did you mean "${near}"?`,
  });
}
