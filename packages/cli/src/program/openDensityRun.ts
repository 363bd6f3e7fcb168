import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { type Binarization, type Dataset, requireUnitRange, widthOf } from 'reparam';
import type { Split } from 'reparam/data/node';
import { readSafetensors } from 'reparam/io';
import { type JsonRecord, readFileChecked, readJsonl } from 'reparam/io/node';
import { openData } from '../data.ts';
import { runFiles } from '../run/folder.ts';
import { exists, readRawConfig } from '../run/openRun.ts';
import { type DensityRunConfig, isDensityConfig, parseDensityConfig } from './config.ts';
import { type DensityModel, openDensity } from './densityModel.ts';
import { inMemory } from './prepareDensity.ts';

/** A density model's run read from its folder. */
export interface DensityRun {
  readonly folder: string;
  readonly config: DensityRunConfig;
  readonly dataShape: readonly number[];
  readonly binarization: Binarization;
  readonly model: DensityModel;
  readonly metrics: readonly JsonRecord[];
  /** A split of the run's data, or of another set of examples of the same size. */
  openData(split: Split, dataset?: string): Promise<Dataset>;
}

/** The configuration in `folder` when that is a density model's run, else undefined. */
export async function readDensityConfig(folder: string): Promise<DensityRunConfig | undefined> {
  const raw = await readRawConfig(folder);
  return isDensityConfig(raw) ? parseDensityConfig(raw, join(folder, runFiles.config), 'data') : undefined;
}

/** Opens `folder` strictly when it is a density model's run; undefined for the run of a model with latent codes. */
export async function openDensityRun(folder: string): Promise<DensityRun | undefined> {
  const config = await readDensityConfig(folder);
  if (!config) return undefined;
  const { shape: dataShape, binarization } = config.data;
  if (!dataShape || !binarization) {
    throw new ReparamError('data', 'the configuration of the run is incomplete', {
      expected: 'data.shape and data.binarization',
      at: join(folder, runFiles.config),
    });
  }
  const at = join(folder, runFiles.model);
  if (!(await exists(at))) {
    throw new ReparamError('file', 'the run has no weights yet', { at: folder, fix: `reparam resume ${folder}` });
  }
  const { tensors } = readSafetensors(await readFileChecked(at), at);
  const metrics = join(folder, runFiles.metrics);
  return {
    folder,
    config,
    dataShape,
    binarization,
    model: openDensity(config, tensors, at),
    metrics: (await exists(metrics)) ? await readJsonl(metrics) : [],
    async openData(split, dataset = config.data.name) {
      const { labels: _, ...other } = config.data;
      const isOwn = dataset === config.data.name;
      const data = inMemory(await openData(isOwn ? config.data : { ...other, name: dataset }, split));
      const width = dataShape.reduce((a, b) => a * b, 1);
      if (widthOf(data) !== width) {
        throw new ReparamError('data', 'examples are not of the size the model was made for', {
          got: `[${data.shape.join(', ')}]`,
          expected: `[${dataShape.join(', ')}]`,
          at: data.name,
        });
      }
      if (config.program.kind === 'rbm') requireUnitRange(data);
      return data;
    },
  };
}
