import { join } from 'node:path';
import { type HostTensor, ReparamError } from '@reparam/tensor';
import { type RecipeConfig, stackedStart } from 'reparam';
import { removeTemporaries, writeFileAtomic } from 'reparam/io/node';
import type { Output, Session } from '../app.ts';
import { parseConfig } from '../config/resolve.ts';
import type { RunConfig } from '../config/schema.ts';
import { makeFolders, type RunPlace, runFiles } from '../run/folder.ts';
import { lockFolder } from '../run/lock.ts';
import { exists, openRun } from '../run/openRun.ts';
import { type Prepared, prepare } from './prepare.ts';
import { resumeRun } from './resumeRun.ts';
import { trainRun } from './trainRun.ts';

/**
 * Trains a run in its folder, which this process has locked. Where its model stands on another, that one is trained first, as a
 * run of its own in the folder `lower`, unless `training.from` names one.
 */
export async function trainStages(session: Session, place: RunPlace, prepared: Prepared): Promise<Output> {
  const { config, recipe, train } = prepared;
  if (!recipe.lower) return trainRun(session, place, prepared);
  const { folder } = place;
  if (config.training.from === undefined) {
    // With its configuration the run can be resumed before its own training has begun.
    await writeFileAtomic(join(folder, runFiles.config), `${JSON.stringify(config, null, 2)}\n`);
  }
  const below = config.training.from ?? (await trainLower(session, folder, config, recipe.lower));
  const { binarization = 'none' } = recipe.fitOptions;
  const params = await stackedStart(recipe.model, await openRun(below), train, {
    runtime: await session.runtime(),
    binarization,
    seed: config.training.seed,
    ...(config.model.above?.threshold !== undefined && { threshold: config.model.above.threshold }),
  });
  const kept = (params.buffers as { readonly kept: HostTensor }).kept.data as Float32Array;
  session.say(`Second stage: ${kept.filter((k) => k === 1).length} of ${kept.length} dimensions of the codes vary`);
  return trainRun(session, place, prepared, { params });
}

/** Goes on with a run, at whatever stage it stopped. */
export async function resumeStages(session: Session, folder: string, config: RunConfig): Promise<Output> {
  const prepared = await prepare(session, config);
  const isFirst = prepared.recipe.lower && !(await exists(join(folder, runFiles.checkpoint)));
  return isFirst ? trainStages(session, { folder, made: [] }, prepared) : resumeRun(session, folder, prepared);
}

/** The folder of the run below, trained to its end. */
async function trainLower(session: Session, run: string, config: RunConfig, lower: RecipeConfig): Promise<string> {
  const folder = join(run, 'lower');
  if (await exists(join(folder, runFiles.evaluation))) return folder;
  const { binarization: _, ...recipe } = lower;
  const { labels: __, labelSeed: ___, ...data } = config.data;
  const raw = { ...recipe, preset: 'vae', data, evaluation: { numSamples: 0 } };
  const prepared = await prepare(session, parseConfig(JSON.parse(JSON.stringify(raw))));
  const { epochs } = prepared.config.training;
  session.say(`First stage: the model of examples, ${epochs} epochs, in ${folder}`);
  const made = await makeFolders(folder);
  const unlock = await lockFolder(folder);
  try {
    await removeTemporaries(folder);
    if (await exists(join(folder, runFiles.checkpoint))) await resumeRun(session, folder, prepared);
    else await trainRun(session, { folder, made }, prepared);
    return folder;
  } catch (error) {
    if (!(error instanceof ReparamError && error.code === 'interrupted')) throw error;
    throw new ReparamError('interrupted', 'interrupted in the first stage, checkpoint written', {
      fix: `Go on with: reparam resume ${run}`,
      cause: error,
    });
  } finally {
    await unlock();
  }
}
