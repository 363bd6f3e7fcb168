export { chooseBinarization, greyWarning } from './binarization.ts';
export {
  buildClassifier,
  buildLearningRate,
  buildModel,
  buildNetworks,
  buildObjective,
  buildOptimizer,
  completeModel,
  conditionExamples,
  lowerRecipe,
  type Networks,
  resolveClassifier,
  resolveCondition,
  targetExamples,
} from './build/index.ts';
export type {
  BetaConfig,
  CodeClassifierConfig,
  ConditionConfig,
  FlowConfig,
  FlowModelConfig,
  LearningRateConfig,
  LikelihoodConfig,
  ModelConfig,
  NetworkConfig,
  ObjectiveConfig,
  OptimizerConfig,
  PosteriorConfig,
  PriorConfig,
  RecipeConfig,
  TrainingConfig,
} from './config.ts';
export { findPreset, type Preset, presets } from './presets.ts';
export * from './program/index.ts';
export { buildRecipe, type Recipe } from './recipe.ts';
