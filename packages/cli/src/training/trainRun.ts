import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { type EpochReport, fit, type HostParams, type Training, type TrainingState } from 'reparam';
import { appendLine, writeFileAtomic } from 'reparam/io/node';
import type { Output, Session } from '../app.ts';
import type { RunConfig } from '../config/schema.ts';
import { environmentOf } from '../run/checkpoint.ts';
import { discardRun, type RunPlace, runFiles } from '../run/folder.ts';
import { lockFile } from '../run/lock.ts';
import { openRun } from '../run/openRun.ts';
import { checkpointWriter } from './checkpoints.ts';
import { finishRun } from './finishRun.ts';
import type { Prepared } from './prepare.ts';
import { showEpochs } from './showEpochs.ts';
import { trainLinear } from './trainLinear.ts';

/** Least time between checkpoints at the ends of epochs, and between those within an epoch, in milliseconds. */
const [epochInterval, innerInterval] = [2000, 30_000];

/** Where training starts, unless with fresh parameters: a checkpoint, or parameters. */
export interface Start {
  readonly state?: TrainingState | undefined;
  readonly params?: HostParams | undefined;
}

/**
 * Trains in `folder`, which this process has locked, from `start` or from fresh parameters, and finishes the run.
 *
 * An epoch is written to metrics.jsonl before any checkpoint that contains it. So a run killed at any moment has a
 * checkpoint whose epochs all have their line; the lines beyond it are dropped on resuming and come again.
 */
export async function trainRun(
  session: Session,
  place: RunPlace,
  prepared: Prepared,
  { state: start, params }: Start = {},
): Promise<Output> {
  const { folder } = place;
  if (prepared.config.program) return trainLinear(session, folder, prepared);
  const { config, recipe, train, validation, presentation, dataId } = prepared;
  const runtime = await session.runtime();
  const signal = session.interruptible();
  const checkpoints = checkpointWriter(folder, config, environmentOf(runtime), dataId);
  const display = showEpochs(session, recipe.fitOptions.epochs, recipe.model.bound);
  const training: Training = fit(recipe.model, train, {
    ...recipe.fitOptions,
    runtime,
    signal,
    ...(validation && { validation }),
    ...(start ? { state: start } : params ? { params } : await startingParams(config)),
    onProgress: (progress) => {
      display.progress(progress, training.state.sums, presentation);
      if (checkpoints.age > innerInterval) checkpoints.begin(training.state);
    },
  });
  try {
    if (!start) {
      await writeFileAtomic(join(folder, runFiles.config), `${JSON.stringify(config, null, 2)}\n`);
      await writeFileAtomic(join(folder, runFiles.metrics), '');
      await checkpoints.write(training.state);
    }
    for await (const epoch of training) {
      await appendLine(join(folder, runFiles.metrics), JSON.stringify(metricsLine(epoch)));
      display.epoch(epoch);
      if (checkpoints.age > epochInterval) await checkpoints.write(training.state);
    }
    await checkpoints.write(training.state);
  } catch (error) {
    const code = error instanceof ReparamError ? error.code : undefined;
    if (code === 'interrupted') {
      await checkpoints.write(training.state);
      throw interrupted(folder, `${training.state.step} steps done`, error);
    }
    if (!start && training.state.step === 0 && code !== 'diverged') await discardRun(place, [...begun, lockFile]);
    throw error;
  }
  try {
    return await finishRun(session, folder, prepared, training.params, runtime);
  } catch (error) {
    if (signal.aborted) throw interrupted(folder, 'training is done, its figures and pictures are not', error);
    throw error;
  }
}

/** The weights of the run that this one starts from, if it does. */
async function startingParams({ training: { from } }: RunConfig): Promise<{ params?: HostParams }> {
  return from === undefined ? {} : { params: (await openRun(from)).params };
}

/** The files of a run in which nothing has been trained yet. */
const begun = [runFiles.config, runFiles.metrics, runFiles.checkpoint];

const metricsLine = ({ isBest, ...epoch }: EpochReport) => ({ ...epoch, ...(isBest && { isBest }) });

const interrupted = (folder: string, got: string, cause: unknown) =>
  new ReparamError('interrupted', 'interrupted, checkpoint written', {
    got,
    fix: `Go on with: reparam resume ${folder}`,
    cause,
  });
