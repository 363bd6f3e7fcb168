import { ReparamError } from '@reparam/tensor';
import type { Dataset } from '../dataset.ts';
import type { ParseOptions } from '../formats/parse.ts';
import { type AnyDataset, isStreamed } from '../streamed.ts';
import { splitValidation } from '../subset.ts';
import type { ImageOptions } from './images/packImages.ts';
import type { NamedOptions } from './named.ts';
import { sourceOf } from './source.ts';

/** A part of a data set; `all` is train and test together. */
export type Split = 'train' | 'validation' | 'test' | 'all';

/** Which part of a set to open, and how. */
export interface OpenOptions extends NamedOptions, Omit<ParseOptions, 'labels'>, ImageOptions {
  /** Default `train`. */
  readonly split?: Split;
  /** Examples of `train` set aside for validation: a fraction below 1 or a count. Default 0: none. */
  readonly validation?: number;
  /** Examples of a file without a test split of its own that make one: a fraction below 1 or a count. Default 0.1. */
  readonly test?: number;
  /** A file or folder whose examples are the test split. */
  readonly testFile?: string;
  /** Seed of the validation split; default 0. The test split of a file is always drawn with seed 0. */
  readonly seed?: number | bigint;
  /** A file of labels; default for IDX: the file beside the images whose name says `labels`, where there is one. */
  readonly labels?: string;
  /** A file of labels of `testFile`. */
  readonly testLabels?: string;
  /** Whether examples stay in their file and are read as they are needed. Default: above `memoryLimit`, where they can. */
  readonly stream?: boolean;
  /** Most bytes that are read into memory when `stream` is left open; default 1 GiB. */
  readonly memoryLimit?: number;
  /** Bytes that a streamed set shuffles together and keeps in memory; default 64 MiB. */
  readonly shuffleBuffer?: number;
  /** Hears of work that takes long and is done once: decoding images, reading all values of a streamed set. */
  readonly onWork?: (task: string, share: number) => void;
}

/**
 * Opens a data set into memory, by name (`digits`, `faces`, `sprites`, `mnist`, `fashion-mnist`, `cifar10`) or by path: IDX, CSV, TSV,
 * npy, npz (gzipped or not), CIFAR-10 batches, parquet, folders and tar archives of images.
 *
 * Named sets keep their own test split, and so do files and folders that have one. From others, 10 % of the rows are drawn
 * for `test` with seed 0, and `train` is the rest; `validation` then comes out of `train`. The same file and options always
 * give the same rows.
 *
 * @example
 * const train = await openDataset('mnist', { split: 'train', validation: 5000 });
 */
export async function openDataset(nameOrPath: string, options: OpenOptions = {}): Promise<Dataset> {
  const dataset = await openAnyDataset(nameOrPath, { ...options, stream: false });
  if (!isStreamed(dataset)) return dataset;
  throw new ReparamError('config', 'data set is not in memory', { at: nameOrPath });
}

/**
 * As `openDataset`, for data that may be larger than memory: uncompressed IDX, npy and CIFAR-10 files (several in a folder make
 * one set) and decoded images stay in their files when `stream` says so, or by default above `memoryLimit`.
 */
export async function openAnyDataset(nameOrPath: string, options: OpenOptions = {}): Promise<AnyDataset> {
  const { split = 'train', validation = 0, seed = 0 } = options;
  if (split === 'validation' && validation === 0) {
    throw new ReparamError('config', 'no validation split was set aside', {
      expected: 'a fraction or count for validation',
      at: nameOrPath,
    });
  }
  const source = await sourceOf(nameOrPath, options);
  const scaled = <T extends AnyDataset>(dataset: T): T => ({
    ...dataset,
    split,
    scale: options.scale ?? dataset.scale,
  });
  if (split === 'test') return scaled(await source.test());
  if (split === 'all') return scaled(await source.all());
  const train = scaled(await source.train());
  if (validation === 0) return train;
  return splitValidation(train, validation, seed)[split];
}
