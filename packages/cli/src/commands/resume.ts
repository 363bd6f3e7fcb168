import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import { removeTemporaries, truncateJsonl } from 'reparam/io/node';
import { type App, addRuntimeOptions, type Output, type Session } from '../app.ts';
import type { RunConfig } from '../config/schema.ts';
import { resumeDensity } from '../program/commands.ts';
import type { DensityRunConfig } from '../program/config.ts';
import { readDensityConfig } from '../program/openDensityRun.ts';
import { type Checkpoint, environmentOf, readCheckpoint } from '../run/checkpoint.ts';
import { readEvaluation } from '../run/evaluation.ts';
import { runFiles } from '../run/folder.ts';
import { lockFolder } from '../run/lock.ts';
import { exists, readConfig } from '../run/openRun.ts';
import { closing } from '../training/finishRun.ts';
import { describeTask, type Prepared, prepare } from '../training/prepare.ts';
import { trainRun } from '../training/trainRun.ts';

/** `reparam resume`: goes on where a run stopped; the result is that of a run that never stopped. */
export function register(program: Command, app: App): void {
  const command = program
    .command('resume')
    .argument('<run>', 'folder of a run')
    .summary('go on with a run that was stopped')
    .description(
      'Go on with a run that was interrupted or killed, from its checkpoint. The final weights are bit for bit those of a run that never stopped, on the same kind of processor and runtime.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ reparam resume runs/mnist-vae-0
  $ reparam resume runs/mnist-vae-0 --json`,
    );
  addRuntimeOptions(command);
  app.action<[string], object>(command, async (session, folder) => {
    const density = await readDensityConfig(folder);
    if (density) return resumeProgram(session, folder, density);
    const config = await readConfig(folder);
    const unlock = await lockFolder(folder);
    try {
      await removeTemporaries(folder);
      return (await finished(session, folder, config)) ?? (await resume(session, folder, config));
    } finally {
      await unlock();
    }
  });
}

/** A density model's run, under its lock. */
async function resumeProgram(session: Session, folder: string, config: DensityRunConfig): Promise<Output> {
  const unlock = await lockFolder(folder);
  try {
    await removeTemporaries(folder);
    return await resumeDensity(session, folder, config);
  } finally {
    await unlock();
  }
}

/** What there is to say of a run that is complete; undefined for one that is not. */
async function finished(session: Session, folder: string, config: RunConfig): Promise<Output | undefined> {
  const {
    samples: _,
    reconstructions: __,
    manifold: ___,
    analogies: ____,
    checkpoint,
    classifier,
    ...always
  } = runFiles;
  const needed = [
    ...Object.values(always),
    ...(config.program ? [] : [checkpoint]),
    ...(config.classifier ? [classifier] : []),
  ];
  for (const file of needed) if (!(await exists(join(folder, file)))) return undefined;
  const stored = await readEvaluation(folder);
  if (!stored) return undefined;
  session.say(`${folder} is complete: all ${config.training.epochs} epochs, or as many as early stopping let it have`);
  return { json: { run: folder, ...stored }, text: closing(folder) };
}

async function resume(session: Session, folder: string, config: RunConfig): Promise<Output> {
  const prepared = await prepare(session, config);
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
  return trainRun(session, { folder, made: [] }, prepared, state);
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
