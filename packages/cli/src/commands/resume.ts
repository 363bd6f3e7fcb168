import { join } from 'node:path';
import type { Command } from 'commander';
import { removeTemporaries } from 'reparam/io/node';
import { type App, addRuntimeOptions, type Output, type Session } from '../app.ts';
import type { RunConfig } from '../config/schema.ts';
import { resumeDensity } from '../program/commands.ts';
import type { DensityRunConfig } from '../program/config.ts';
import { readDensityConfig } from '../program/openDensityRun.ts';
import { readEvaluation } from '../run/evaluation.ts';
import { runFiles } from '../run/folder.ts';
import { lockFolder } from '../run/lock.ts';
import { exists, readConfig } from '../run/openRun.ts';
import { closing } from '../training/finishRun.ts';
import { resumeStages } from '../training/stages.ts';

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
      return (await finished(session, folder, config)) ?? (await resumeStages(session, folder, config));
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
  const { config: settings, metrics, model, checkpoint, encoder, evaluation, report, classifier } = runFiles;
  const needed = [
    ...[settings, metrics, model, encoder, evaluation, report],
    ...(config.program ? [] : [checkpoint]),
    ...(config.classifier ? [classifier] : []),
  ];
  for (const file of needed) if (!(await exists(join(folder, file)))) return undefined;
  const stored = await readEvaluation(folder);
  if (!stored) return undefined;
  session.say(`${folder} is complete: all ${config.training.epochs} epochs, or as many as early stopping let it have`);
  return { json: { run: folder, ...stored }, text: closing(folder) };
}
