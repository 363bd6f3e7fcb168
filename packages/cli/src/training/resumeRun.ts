import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { truncateJsonl } from 'reparam/io/node';
import type { Output, Session } from '../app.ts';
import { type Checkpoint, environmentOf, readCheckpoint } from '../run/checkpoint.ts';
import { runFiles } from '../run/folder.ts';
import { describeTask, type Prepared } from './prepare.ts';
import { trainRun } from './trainRun.ts';

/** Goes on with the run in `folder`, which this process has locked, from its checkpoint. */
export async function resumeRun(session: Session, folder: string, prepared: Prepared): Promise<Output> {
  const { config } = prepared;
  if (config.program) return trainRun(session, { folder, made: [] }, prepared);
  const checkpoint = await readCheckpoint(folder, config, prepared.recipe.model);
  const { state } = checkpoint;
  requireSameData(folder, checkpoint, prepared);
  await warnOfChanges(session, checkpoint);
  const epochs = Math.floor(state.step / prepared.presentation.steps);
  await keepEpochs(folder, epochs);
  session.say(describeTask(prepared));
  for (const warning of prepared.recipe.warnings) session.warn(`warning: ${warning}`);
  session.say(`Going on after step ${state.step}: ${epochs} of ${config.training.epochs} epochs are done.`);
  return trainRun(session, { folder, made: [] }, prepared, { state });
}

function requireSameData(folder: string, { data }: Checkpoint, { dataId, config }: Prepared): void {
  if (data === dataId) return;
  throw new ReparamError('data', 'the training data have changed since the run began', {
    got: dataId,
    expected: data,
    at: config.data.name,
    fix: `Restore the data, or start a new run (${join(folder, runFiles.config)} serves as --config)`,
  });
}

async function warnOfChanges(session: Session, { environment }: Checkpoint): Promise<void> {
  const now = environmentOf(await session.runtime());
  for (const name of ['runtime', 'cpu', 'node'] as const) {
    if (environment[name] === now[name]) continue;
    session.warn(
      `warning: the run began with ${name} ${environment[name]} and goes on with ${now[name]}: the last bits of the results may differ`,
    );
  }
}

/** Drops the lines of epochs that the checkpoint does not hold: they come again. */
async function keepEpochs(folder: string, epochs: number): Promise<void> {
  const path = join(folder, runFiles.metrics);
  const kept = await truncateJsonl(path, ({ epoch }) => Number(epoch) <= epochs);
  const isWhole = kept.length === epochs && kept.every(({ epoch }, i) => epoch === i + 1);
  if (isWhole) return;
  throw new ReparamError('data', 'the learning curves do not fit the checkpoint', {
    got: `${kept.length} lines up to epoch ${epochs}`,
    expected: `one for each of ${epochs} epochs`,
    fix: 'Restore the file from a copy of the run',
    at: path,
  });
}
