export { buildClassifier, resolveClassifier } from './classifier.ts';
export { conditionExamples, resolveCondition } from './condition.ts';
export { buildModel, completeModel } from './model.ts';
export { buildNetworks, type Networks } from './network.ts';
export { buildObjective } from './objective.ts';
export { buildLearningRate, buildOptimizer } from './optimizer.ts';
export { lowerRecipe } from './stacked.ts';
export { targetExamples } from './targets.ts';
