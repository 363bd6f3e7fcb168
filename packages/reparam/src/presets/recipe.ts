import type { AnyDataset } from '../data/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { FitOptions } from '../train/index.ts';
import { chooseBinarization } from './binarization.ts';
import { buildLearningRate, buildModel, buildObjective, buildOptimizer } from './build/index.ts';
import type { RecipeConfig } from './config.ts';
import { checkLinearProgram } from './program/index.ts';

/** A model and all that `fit` needs besides the data and a runtime. */
export interface Recipe {
  readonly model: LatentModel;
  readonly fitOptions: Omit<FitOptions, 'runtime'>;
  /** What a reader of the figures must know. */
  readonly warnings: readonly string[];
}

/**
 * Builds a recipe for `data`: sizes come from its shape, the binarisation from its values where the recipe leaves it open.
 * @example const { model, fitOptions } = buildRecipe(findPreset('vae').recipe, data);
 */
export function buildRecipe(config: RecipeConfig, data: AnyDataset): Recipe {
  const { epochs, batchSize, microBatches, seed, earlyStopping } = config.training;
  const { binarization, warnings } = chooseBinarization(config.model.likelihood, data, config.binarization);
  checkLinearProgram({ ...config, binarization }, data);
  return {
    model: buildModel(config.model, data.shape),
    warnings,
    fitOptions: {
      epochs,
      batchSize,
      microBatches,
      seed,
      binarization,
      objective: buildObjective(config.objective),
      optimizer: buildOptimizer(config.optimizer),
      learningRate: buildLearningRate(config.optimizer.learningRate),
      ...(earlyStopping && { earlyStopping }),
    },
  };
}
