import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { buildRecipe, completeModel, conditionExamples, type Dataset, type Recipe, splitValidation } from 'reparam';
import { datasetNames } from 'reparam/data/node';
import type { Session } from '../app.ts';
import { parseConfig } from '../config/resolve.ts';
import type { RunConfig } from '../config/schema.ts';
import { openData } from '../data.ts';

/** Data and model of a run, ready to train. */
export interface Prepared {
  /** With everything that the data decided filled in. */
  readonly config: RunConfig;
  readonly recipe: Recipe;
  readonly train: Dataset;
  readonly validation?: Dataset;
  readonly test: Dataset;
  /** Identifies the training data: a name, or the sha256 of the values. */
  readonly dataId: string;
}

/** Opens the data of `config` and builds its model; refuses what does not go together before anything is written. */
export async function prepare(session: Session, config: RunConfig): Promise<Prepared> {
  const isNamed = datasetNames.includes(config.data.name);
  const all = await openData(config.data, 'train', session);
  const test = await openData(config.data, 'test', session);
  const { train, validation } = setAside(all, config.data.validation);
  const recipe = buildRecipe({ ...config, binarization: config.data.binarization }, train);
  const { data } = config;
  // Paths are kept absolute, so that the run can be used from any folder.
  const located = {
    ...data,
    name: isNamed ? data.name : resolve(data.name),
    ...(data.labels !== undefined && { labels: resolve(data.labels) }),
    ...(data.dir !== undefined && { dir: resolve(data.dir) }),
    shape: [...train.shape],
    binarization: recipe.fitOptions.binarization,
  };
  if (config.training.earlyStopping && !validation) {
    throw new ReparamError('config', 'early stopping needs validation data', {
      got: 'data.validation = 0',
      fix: 'Set data.validation, for example --validation 0.1',
    });
  }
  return {
    // Parsed again, so that keys stand in one order and the hash of a configuration read from its file is the same.
    config: parseConfig({
      ...config,
      model: { ...completeModel(config.model, train), condition: recipe.condition },
      data: located,
    }),
    recipe,
    train: conditionExamples(train, recipe.condition),
    ...(validation && { validation: conditionExamples(validation, recipe.condition) }),
    test: conditionExamples(test, recipe.condition),
    dataId: isNamed ? data.name : createHash('sha256').update(all.data).digest('hex'),
  };
}

const setAside = (train: Dataset, amount: number): { train: Dataset; validation?: Dataset } =>
  amount === 0 ? { train } : splitValidation(train, amount);

/** One line: exactly what is maximised, on which data, in which units. */
export function describeTask({ recipe, train, config }: Prepared): string {
  const { model, fitOptions } = recipe;
  const how = config.program
    ? ` Found ${config.program.kind === 'ppca' ? 'in closed form' : 'by expectation maximisation'}, not by gradients.`
    : '';
  const { objective, binarization } = fitOptions;
  return (
    `Maximising ${objective?.description}; p(x|z) ${model.describe().likelihood}; nats per example, summed over its ` +
    `${train.shape.join('×')} values. Data: ${config.data.name}, ${train.size} training examples, binarisation ${binarization}.${how}`
  );
}
