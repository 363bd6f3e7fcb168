import type { RecipeConfig } from 'reparam';
import { z } from 'zod';
import { classifier } from './schema/classifier.ts';
import { data } from './schema/data.ts';
import { describe, object, text, whole } from './schema/leaves.ts';
import { model } from './schema/model.ts';
import { objective } from './schema/objective.ts';
import { optimizer } from './schema/optimizer.ts';
import { linearProgram } from './schema/program.ts';
import { training } from './schema/training.ts';

/** Version of the configuration's meaning; a file of another version is refused. */
export const schemaVersion = 1;

/** The whole configuration of a run: what its config.json holds, what a file may set, and what every flag sets a part of. */
export const configSchema = object({
  schemaVersion: describe(
    z.literal(schemaVersion, `${schemaVersion}`).default(schemaVersion),
    'version of the meaning of these keys',
  ),
  preset: describe(text().default('vae'), 'the preset that the rest changes'),
  data,
  model,
  objective,
  optimizer,
  training,
  program: linearProgram.optional(),
  classifier: classifier.optional(),
  evaluation: object({
    numSamples: describe(whole(0).default(500), 'importance samples of the log-likelihood; 0 leaves it out'),
  }).default({ numSamples: 500 }),
});

export type RunConfig = z.infer<typeof configSchema>;
export type DataConfig = RunConfig['data'];

/** The schema and the library's own description of a recipe are the same type. */
export const recipeOf = ({
  model,
  objective,
  optimizer,
  training,
  program,
  classifier,
  data,
}: RunConfig): RecipeConfig => ({
  model,
  objective,
  optimizer,
  training,
  program,
  classifier,
  binarization: data.binarization,
});
