import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import {
  type AnyDataset,
  buildRecipe,
  completeModel,
  isStreamed,
  mixedOrder,
  type Objective,
  type Presentation,
  plainOrder,
  type Recipe,
  resolveClassifier,
  type StreamedDataset,
  splitValidation,
  targetExamples,
} from 'reparam';
import { datasetNames } from 'reparam/data/node';
import type { Session } from '../app.ts';
import { parseConfig } from '../config/resolve.ts';
import { type RunConfig, recipeOf } from '../config/schema.ts';
import { openData } from '../data.ts';
import { conditioned } from '../labels/conditioned.ts';
import { countLabelled, knownLabels, labelDigest } from '../labels/knownLabels.ts';
import { describeClassifier } from '../labels/predictor.ts';
import { describeObjective } from '../run/boundNames.ts';

/** Data and model of a run, ready to train. */
export interface Prepared {
  /** With everything that the data decided filled in. */
  readonly config: RunConfig;
  readonly recipe: Recipe;
  readonly train: AnyDataset;
  readonly validation?: AnyDataset;
  readonly test: AnyDataset;
  /** How the training examples make an epoch. */
  readonly presentation: Pick<Presentation, 'steps' | 'size' | 'sizeOf'>;
  /** Identifies the training data: a name, or the sha256 of the values, and of the labels where training uses them. */
  readonly dataId: string;
}

/** Opens the data of `config` and builds its model; refuses what does not go together before anything is written. */
export async function prepare(session: Session, config: RunConfig): Promise<Prepared> {
  const isNamed = datasetNames.includes(config.data.name);
  // Validation is set aside below, once.
  const all = await openData({ ...config.data, validation: 0 }, 'train', session);
  const test = await openData(config.data, 'test', session);
  const { data, training } = config;
  if (isNamed && typeof data.labels === 'string') {
    throw new ReparamError('config', `${data.name} has labels of its own`, {
      got: `data.labels = ${data.labels}`,
      expected: 'how many of them to keep, such as 100',
      fix: 'Leave the file out',
    });
  }
  const { train: whole, validation } = setAside(all, data.validation);
  const train = knownLabels(whole, config);
  const recipe = buildRecipe(recipeOf(config), train);
  const { model } = recipe;
  const { objective } = recipe.fitOptions as { objective: Objective };
  const classifier = config.classifier && resolveClassifier(train, model, config.classifier);
  const usesLabels = objective.needsTargets === true || classifier !== undefined;
  // Paths are kept absolute, so that the run can be used from any folder.
  const located = {
    ...data,
    name: isNamed ? data.name : resolve(data.name),
    ...(typeof data.labels === 'string' && { labels: resolve(data.labels) }),
    ...(typeof data.labels === 'number' && { labelSeed: data.labelSeed ?? training.seed }),
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
  const trained = targetExamples(conditioned(train, model, recipe.condition), model, objective);
  return {
    // Parsed again, so that keys stand in one order and the hash of a configuration read from its file is the same.
    config: parseConfig({
      ...config,
      model: { ...completeModel(config.model, train), condition: recipe.condition },
      data: located,
      ...(classifier && { classifier }),
      training: { ...training, ...(training.from !== undefined && { from: resolve(training.from) }) },
    }),
    recipe,
    train: trained,
    ...(validation && { validation: conditioned(validation, model, recipe.condition) }),
    test: conditioned(test, model, recipe.condition),
    presentation: objective.needsTargets
      ? mixedOrder(trained, training.batchSize, training.seed, training.labelledBatchSize)
      : plainOrder(trained, training.batchSize, training.seed),
    dataId: isNamed ? data.name : usesLabels ? `${digestOf(all)}, labels ${labelDigest(train)}` : digestOf(all),
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
  const { classifier } = config;
  const labelled = objective!.needsTargets || classifier ? `, ${countLabelled(train)} of them with a label` : '';
  const then = classifier ? ` Then ${describeClassifier(classifier)}.` : '';
  const notes = (train.notes ?? []).map((note) => `\n${note}`).join('');
  return (
    `Maximising ${describeObjective(model, objective!)}. Nats per example, summed over its ` +
    `${train.shape.join('×')} values. Data: ${config.data.name}, ${train.size} training examples${labelled}, binarisation ${binarization}${streamed}.${how}${then}${notes}`
  );
}
