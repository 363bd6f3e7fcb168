import type { AnyDataset } from '../data/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { FitOptions } from '../train/index.ts';
import { chooseBinarization } from './binarization.ts';
import {
  buildLearningRate,
  buildModel,
  buildObjective,
  buildOptimizer,
  completeModel,
  conditionExamples,
  lowerRecipe,
  resolveCondition,
  targetExamples,
} from './build/index.ts';
import type { ConditionConfig, RecipeConfig } from './config.ts';
import { checkLinearProgram } from './program/index.ts';

/** A model and all that `fit` needs besides the data and a runtime. */
export interface Recipe {
  readonly model: LatentModel;
  /** The examples as the model takes them: with their conditions, where it has any, and targets, where it is trained on labels. */
  readonly data: AnyDataset;
  /** What else is done to examples for the model: `conditionExamples(dataset, condition)`. */
  readonly condition: ConditionConfig;
  readonly fitOptions: Omit<FitOptions, 'runtime'>;
  /** Of a model of codes: the recipe of the model below, which is trained first. */
  readonly lower?: RecipeConfig | undefined;
  /** What a reader of the figures must know. */
  readonly warnings: readonly string[];
}

/**
 * Builds a recipe for `data`: sizes come from its shape, the binarisation from its values where the recipe leaves it open.
 * @example const { model, data: examples, fitOptions } = buildRecipe(findPreset('vae').recipe, data);
 */
export function buildRecipe(config: RecipeConfig, data: AnyDataset): Recipe {
  const { epochs, batchSize, microBatches, labelledBatchSize, seed, earlyStopping } = config.training;
  const condition = resolveCondition(data, config.model.condition);
  const examples = conditionExamples(data, condition);
  const { binarization, warnings } = chooseBinarization(config.model.likelihood, examples, config.binarization);
  checkLinearProgram({ ...config, binarization }, data);
  const model = buildModel({ ...completeModel(config.model, data), condition }, data.shape);
  const objective = buildObjective(config.objective);
  return {
    model,
    data: targetExamples(examples, model, objective),
    condition,
    warnings,
    lower: lowerRecipe({ ...config, binarization }),
    fitOptions: {
      epochs,
      batchSize,
      microBatches,
      seed,
      binarization,
      objective,
      optimizer: buildOptimizer(config.optimizer),
      learningRate: buildLearningRate(config.optimizer.learningRate),
      ...(labelledBatchSize !== undefined && { labelledBatchSize }),
      ...(earlyStopping && { earlyStopping }),
    },
  };
}
