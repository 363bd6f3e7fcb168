import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import {
  type AnyDataset,
  buildRecipe,
  completeModel,
  conditionExamples,
  isStreamed,
  type Recipe,
  type StreamedDataset,
  splitValidation,
} from 'reparam';
import { datasetNames } from 'reparam/data/node';
import type { Session } from '../app.ts';
import { parseConfig } from '../config/resolve.ts';
import type { RunConfig } from '../config/schema.ts';
import { openData } from '../data.ts';
import { describeObjective } from '../run/boundNames.ts';

/** Data and model of a run, ready to train. */
export interface Prepared {
  /** With everything that the data decided filled in. */
  readonly config: RunConfig;
  readonly recipe: Recipe;
  readonly train: AnyDataset;
  readonly validation?: AnyDataset;
  readonly test: AnyDataset;
  /** Identifies the training data: a name, or the sha256 of the values. */
  readonly dataId: string;
}

/** Opens the data of `config` and builds its model; refuses what does not go together before anything is written. */
export async function prepare(session: Session, config: RunConfig): Promise<Prepared> {
  const isNamed = datasetNames.includes(config.data.name);
  // Validation is set aside below, once.
  const all = await openData({ ...config.data, validation: 0 }, 'train', session);
  const test = await openData(config.data, 'test', session);
  const { train, validation } = setAside(all, config.data.validation);
  const recipe = buildRecipe({ ...config, binarization: config.data.binarization }, train);
  const { data, training } = config;
  // Paths are kept absolute, so that the run can be used from any folder.
  const located = {
    ...data,
    name: isNamed ? data.name : resolve(data.name),
    ...(data.labels !== undefined && { labels: resolve(data.labels) }),
    ...(data.testFile !== undefined && { testFile: resolve(data.testFile) }),
    ...(data.testLabels !== undefined && { testLabels: resolve(data.testLabels) }),
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
      training: { ...training, ...(training.from !== undefined && { from: resolve(training.from) }) },
    }),
    recipe,
    train: conditionExamples(train, recipe.condition),
    ...(validation && { validation: conditionExamples(validation, recipe.condition) }),
    test: conditionExamples(test, recipe.condition),
    dataId: isNamed ? data.name : digestOf(all),
  };
}

const digestOf = (dataset: AnyDataset): string =>
  isStreamed(dataset) ? dataset.statistics.digest : createHash('sha256').update(dataset.data).digest('hex');

const setAside = (train: AnyDataset, amount: number): { train: AnyDataset; validation?: AnyDataset } =>
  amount === 0 ? { train } : splitValidation(train, amount);

/** How a set is streamed: how much of it is shuffled at a time. */
function describeStream({ size, blocks, bufferBlocks }: StreamedDataset): string {
  const count = blocks.length - 1;
  const shuffled = Math.min(size, Math.round((size * bufferBlocks) / count));
  return `streamed from its file, shuffled ${shuffled} examples at a time`;
}

/** What is trained: exactly what is maximised, on which data, in which units. */
export function describeTask({ recipe, train, config }: Prepared): string {
  const { model, fitOptions } = recipe;
  const how = config.program
    ? ` Found ${config.program.kind === 'ppca' ? 'in closed form' : 'by expectation maximisation'}, not by gradients.`
    : '';
  const { objective, binarization } = fitOptions;
  const streamed = isStreamed(train) ? `, ${describeStream(train)}` : '';
  const notes = (train.notes ?? []).map((note) => `\n${note}`).join('');
  return (
    `Maximising ${describeObjective(model, objective!)}. Nats per example, summed over its ` +
    `${train.shape.join('×')} values. Data: ${config.data.name}, ${train.size} training examples, binarisation ${binarization}${streamed}.${how}${notes}`
  );
}
