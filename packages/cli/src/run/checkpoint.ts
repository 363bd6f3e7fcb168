import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { key, ReparamError, type Runtime } from '@reparam/tensor';
import { buildOptimizer, type LatentModel, type TrainingState, trainable } from 'reparam';
import { readSafetensors, writeSafetensors } from 'reparam/io';
import { readFileChecked, writeFileAtomic } from 'reparam/io/node';
import type { RunConfig } from '../config/schema.ts';
import { runFiles } from './folder.ts';
import { named, restoreTree } from './weights.ts';

const format = 'reparam-checkpoint-1';

/** What decides whether another machine computes the same bits. */
export interface Environment {
  readonly runtime: string;
  readonly cpu: string;
  readonly node: string;
}

export const environmentOf = ({ name, version }: Runtime): Environment => ({
  runtime: `${name} ${version}`,
  cpu: cpus()[0]?.model ?? 'unknown',
  node: process.version,
});

export interface Checkpoint {
  readonly state: TrainingState;
  readonly environment: Environment;
  /** Identifies the training data. */
  readonly data: string;
}

/** Sha256 of the configuration: a checkpoint goes with one only. */
export const configHash = (config: RunConfig): string =>
  createHash('sha256').update(JSON.stringify(config)).digest('hex');

/** Replaces the checkpoint of `folder`, whole or not at all. */
export async function writeCheckpoint(folder: string, config: RunConfig, checkpoint: Checkpoint): Promise<void> {
  const { state, environment, data } = checkpoint;
  const { params, optimizer, step, sums, best } = state;
  const tensors = {
    ...named(params, 'params.'),
    ...named(optimizer, 'optimizer.'),
    ...(best && named(best.params, 'best.')),
  };
  const metadata = {
    format,
    step: String(step),
    // JSON keeps every bit of a double.
    sums: JSON.stringify(sums),
    best: JSON.stringify(best ? { epoch: best.epoch, elbo: best.elbo } : null),
    seed: String(config.training.seed),
    configHash: configHash(config),
    data,
    ...environment,
  };
  await writeFileAtomic(join(folder, runFiles.checkpoint), writeSafetensors(tensors, metadata));
}

/** Reads the checkpoint of `folder` strictly: `data` errors when it is damaged or belongs to another run. */
export async function readCheckpoint(folder: string, config: RunConfig, model: LatentModel): Promise<Checkpoint> {
  const at = join(folder, runFiles.checkpoint);
  const { tensors, metadata } = readSafetensors(await readFileChecked(at), at);
  const refuse = (what: string, got: string, expected: string) =>
    new ReparamError('data', what, { got, expected, at, fix: 'Restore the file from a copy, or start a new run' });
  if (metadata.format !== format) throw refuse('not a checkpoint', metadata.format ?? 'no format', format);
  const hash = configHash(config);
  if (metadata.configHash !== hash) {
    throw refuse(
      'the checkpoint was written for another configuration',
      `configuration ${metadata.configHash?.slice(0, 12)}`,
      `${hash.slice(0, 12)}, as in ${runFiles.config}`,
    );
  }
  const step = Number(metadata.step);
  if (!Number.isSafeInteger(step) || step < 0)
    throw refuse('bad step in the checkpoint', `${metadata.step}`, 'a count');
  const sums = parseJson(metadata.sums) as Record<string, number> | undefined;
  const best = parseJson(metadata.best) as { epoch: number; elbo: number } | null | undefined;
  if (!sums || best === undefined) throw refuse('bad state in the checkpoint', `${metadata.sums}`, 'JSON');
  const fresh = model.init(key(0));
  const params = restoreTree(fresh, tensors, 'params.', at);
  const optimizer = restoreTree(buildOptimizer(config.optimizer).init(trainable(fresh)), tensors, 'optimizer.', at);
  const { runtime = '', cpu = '', node = '', data = '' } = metadata;
  return {
    state: {
      params,
      optimizer,
      step,
      sums,
      ...(best && { best: { ...best, params: restoreTree(fresh, tensors, 'best.', at) } }),
    },
    environment: { runtime, cpu, node },
    data,
  };
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
