import { resolve } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import {
  type AnyDataset,
  type Binarization,
  batchBuffer,
  chooseBinarization,
  type DataMatrix,
  type Dataset,
  fillBatches,
  isStreamed,
  widthOf,
} from 'reparam';
import { datasetNames } from 'reparam/data/node';
import type { Session } from '../app.ts';
import { openData } from '../data.ts';
import { type DensityRunConfig, parseDensityConfig } from './config.ts';

/** Data of a density model's run. */
export interface PreparedDensity {
  /** With everything that the data decided filled in. */
  readonly config: DensityRunConfig;
  readonly train: Dataset;
  readonly test: Dataset;
  readonly binarization: Binarization;
  readonly warnings: readonly string[];
}

/** Opens the data of `config`; refuses what does not go together before anything is written. */
export async function prepareDensity(session: Session, config: DensityRunConfig): Promise<PreparedDensity> {
  const train = inMemory(await openData(config.data, 'train', session));
  const test = inMemory(await openData(config.data, 'test', session));
  const { binarization, warnings } = chooseFor(config, train);
  const { data } = config;
  const isNamed = datasetNames.includes(data.name);
  const located = {
    ...data,
    name: isNamed ? data.name : resolve(data.name),
    ...(typeof data.labels === 'string' && { labels: resolve(data.labels) }),
    ...(data.dir !== undefined && { dir: resolve(data.dir) }),
    shape: [...train.shape],
    binarization,
  };
  return { config: parseDensityConfig({ ...config, data: located }), train, test, binarization, warnings };
}

/** How the values of `data` reach the model of `config`. */
export const chooseFor = ({ program, data: { binarization } }: DensityRunConfig, data: Dataset) =>
  chooseBinarization(
    program.kind === 'rbm' ? { kind: 'bernoulli' } : { kind: 'gaussian', scale: 'shared' },
    data,
    binarization,
  );

/** Examples as these models take them: all in memory. */
export function inMemory(dataset: AnyDataset): Dataset {
  if (!isStreamed(dataset)) return dataset;
  throw new ReparamError('unsupported', 'this model is fitted to data in memory', {
    got: `${dataset.name}, which is streamed`,
    fix: 'Use a smaller set, or a preset with a model',
  });
}

/** The values of `data` as the model sees them at presentation `draw`. */
export function valuesOf(data: Dataset, binarization: Binarization, seed: number, draw: number): DataMatrix {
  const [rows, columns] = [data.size, widthOf(data)];
  if (binarization === 'none') return { data: data.data, rows, columns, scale: data.scale };
  const buffer = batchBuffer(data, { steps: 1, batchSize: rows, binarization });
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  fillBatches(buffer, data, order, 0, { binarization, seed, draw });
  return { data: buffer.data, rows, columns, scale: buffer.scale };
}
