import { ReparamError } from '@reparam/tensor';
import { type Command, Option } from 'commander';
import { type App, addRuntimeOptions, type Output, type Session } from '../app.ts';
import { resolveAnyConfig } from '../config/resolve.ts';
import type { RunConfig } from '../config/schema.ts';
import type { DensityRunConfig } from '../program/config.ts';
import { prepareDensity } from '../program/prepareDensity.ts';
import { describeDensity, trainDensity } from '../program/trainDensity.ts';
import { createRunFolder } from '../run/folder.ts';
import { lockFolder } from '../run/lock.ts';
import { describeTask, type Prepared, prepare } from '../training/prepare.ts';
import { trainStages } from '../training/stages.ts';
import { addConfigOptions, configSources, keyList } from './configOptions.ts';

interface TrainOptions {
  readonly out?: string;
  readonly fallback?: string;
}

/** `reparam train`: a run folder from a data set. */
export function register(program: Command, app: App): void {
  const command = program
    .command('train')
    .argument('<dataset>', 'a name (see `reparam datasets`) or the path of a file')
    .summary('train a model on a data set')
    .description(
      'Train a variational autoencoder and write a run folder: weights, checkpoint, ONNX encoder and decoder, learning curves, figures of the test set, pictures and report.html.',
    )
    .option('--out <folder>', 'folder for the run; default: runs/<dataset>-<preset>-<seed>, numbered if it exists');
  addConfigOptions(command)
    .addOption(new Option('--fallback <dataset>', 'data set to use when the first cannot be had'))
    .addHelpText(
      'after',
      `
Configuration keys, for --config (nested) and --set (dotted):
${keyList()}

Examples:
  $ reparam train digits --epochs 20
  $ reparam train mnist --preset vae-2d --seed 1 --out runs/plane
  $ reparam train mnist --set model.hidden=[400] --set objective.kind=iwae --set objective.numSamples=5
  $ reparam train table.csv --set model.likelihood.kind=gaussian --validation 0.1 --patience 10
  $ reparam train mnist --config experiment.json --json`,
    );
  addRuntimeOptions(command);
  app.action<[string], TrainOptions>(command, async (session, dataset, { out, fallback }) => {
    const config = await resolveAnyConfig(configSources(command), dataset);
    if (!('model' in config)) return trainProgram(session, config, out);
    const prepared = await prepareOr(session, config, fallback);
    const { warnings } = prepared.recipe;
    await session.runtime();
    session.say(describeTask(prepared));
    for (const warning of warnings) session.warn(`warning: ${warning}`);
    const place = await createRunFolder(out, prepared.config);
    const unlock = await lockFolder(place.folder);
    try {
      return await trainStages(session, place, prepared);
    } finally {
      await unlock();
    }
  });
}

/** A density model with a program of its own. */
async function trainProgram(session: Session, config: DensityRunConfig, out: string | undefined): Promise<Output> {
  const prepared = await prepareDensity(session, config);
  session.say(describeDensity(prepared));
  for (const warning of prepared.warnings) session.warn(`warning: ${warning}`);
  const { folder } = await createRunFolder(out, prepared.config);
  const unlock = await lockFolder(folder);
  try {
    return await trainDensity(session, folder, prepared);
  } finally {
    await unlock();
  }
}

/** Data that cannot be had are replaced by `fallback`, if there is one, and this is said. */
async function prepareOr(session: Session, config: RunConfig, fallback: string | undefined): Promise<Prepared> {
  try {
    return await prepare(session, config);
  } catch (error) {
    if (fallback === undefined || !(error instanceof ReparamError) || error.code !== 'file') throw error;
    session.warn(`note: ${error.message}`);
    session.warn(`note: going on with the data set ${fallback} instead`);
    return prepare(session, { ...config, data: { ...config.data, name: fallback } });
  }
}
