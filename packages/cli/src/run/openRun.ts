import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { key, ReparamError } from '@reparam/tensor';
import { type AnyDataset, type Binarization, buildModel, type HostParams, type LatentModel } from 'reparam';
import type { Split } from 'reparam/data/node';
import { readSafetensors } from 'reparam/io';
import { type JsonRecord, readFileChecked, readJsonl } from 'reparam/io/node';
import { parseConfig } from '../config/resolve.ts';
import type { RunConfig } from '../config/schema.ts';
import { openData } from '../data.ts';
import { conditioned } from '../labels/conditioned.ts';
import { isDensityConfig } from '../program/config.ts';
import { readCheckpoint } from './checkpoint.ts';
import { runFiles } from './folder.ts';
import { restoreTree } from './weights.ts';

/** A run read from its folder. Nothing in the folder is executed. */
export interface Run {
  readonly folder: string;
  /** The resolved configuration: `data.shape` and `data.binarization` are always set. */
  readonly config: RunConfig;
  /** Shape of an example as it is stored. */
  readonly shape: readonly number[];
  /** Shape of what is modelled: of completion the missing part. */
  readonly dataShape: readonly number[];
  readonly binarization: Binarization;
  readonly model: LatentModel;
  /** Parameters to use: the best with early stopping, else the last. */
  readonly params: HostParams;
  /** The file `params` come from: an unfinished run has only a checkpoint. */
  readonly paramsFile: string;
  /** Lines of metrics.jsonl. */
  readonly metrics: readonly JsonRecord[];
  /** A split of the run's data, or of another set (`dataset`: name or path) of examples of the same size. */
  openData(split: Split, dataset?: string): Promise<AnyDataset>;
}

const maxConfigBytes = 2 ** 20;

/**
 * Opens a run folder strictly. A `file` error says what is missing; a `data` error that a file is damaged or belongs to
 * another run.
 */
export async function openRun(folder: string): Promise<Run> {
  const config = await readConfig(folder);
  const { shape, binarization } = config.data;
  if (!shape || !binarization) {
    throw new ReparamError('data', 'the configuration of the run is incomplete', {
      expected: 'data.shape and data.binarization',
      at: join(folder, runFiles.config),
    });
  }
  const model = buildModel(config.model, shape);
  const { params, paramsFile } = await readParams(folder, config, model);
  return {
    folder,
    config,
    shape,
    dataShape: model.dataShape,
    binarization,
    model,
    params,
    paramsFile,
    metrics: await readMetrics(folder),
    openData: (split, dataset) => openRunData(config, model, split, dataset),
  };
}

/** The configuration of a run folder; `config` when it is that of a density model, which has no latent codes. */
export async function readConfig(folder: string): Promise<RunConfig> {
  const at = join(folder, runFiles.config);
  const raw = await readRawConfig(folder);
  if (!isDensityConfig(raw)) return parseConfig(raw, at, 'data');
  throw new ReparamError('config', 'the run has no model with latent codes', {
    got: `a run of the preset ${(raw as { preset?: unknown }).preset}`,
    fix: 'evaluate, sample, show and resume work on it',
    at: folder,
  });
}

/** What the config.json of a run folder holds. */
export async function readRawConfig(folder: string): Promise<unknown> {
  const at = join(folder, runFiles.config);
  if (!(await exists(at))) {
    throw new ReparamError('file', 'not a run folder', {
      got: (await exists(folder)) ? `a folder without ${runFiles.config}` : 'nothing there',
      expected: 'a folder that `reparam train` wrote',
      at: folder,
    });
  }
  try {
    return JSON.parse(new TextDecoder().decode(await readFileChecked(at, { maxBytes: maxConfigBytes })));
  } catch (cause) {
    if (cause instanceof ReparamError) throw cause;
    throw new ReparamError('data', 'the configuration of the run is not JSON', {
      got: (cause as Error).message,
      at,
      fix: 'Restore the file from a copy',
      cause,
    });
  }
}

async function readParams(folder: string, config: RunConfig, model: LatentModel) {
  const at = join(folder, runFiles.model);
  if (await exists(at)) {
    const { tensors } = readSafetensors(await readFileChecked(at), at);
    return { params: restoreTree(model.init(key(0)), tensors, '', at), paramsFile: runFiles.model };
  }
  if (!(await exists(join(folder, runFiles.checkpoint)))) {
    throw new ReparamError('file', 'the run has no weights', {
      got: `neither ${runFiles.model} nor ${runFiles.checkpoint}`,
      fix: 'Restore one of the files from a copy, or train again',
      at: folder,
    });
  }
  const { state } = await readCheckpoint(folder, config, model);
  return { params: state.best?.params ?? state.params, paramsFile: runFiles.checkpoint };
}

async function readMetrics(folder: string): Promise<readonly JsonRecord[]> {
  const path = join(folder, runFiles.metrics);
  return (await exists(path)) ? readJsonl(path) : [];
}

async function openRunData(
  config: RunConfig,
  model: LatentModel,
  split: Split,
  dataset = config.data.name,
): Promise<AnyDataset> {
  // What belongs to the files of the run's own data does not belong to those of another set.
  const { labels: _, testFile: _testFile, testLabels: _testLabels, ...settings } = config.data;
  const isOwn = dataset === config.data.name;
  const examples = await openData(isOwn ? config.data : { ...settings, name: dataset }, split);
  return conditioned(examples, model, config.model.condition);
}

/** Whether there is anything at `path`. */
export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
