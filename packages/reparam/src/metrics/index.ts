export { auroc } from './auroc.ts';
export { type BoundAverages, withoutClass } from './bound.ts';
export {
  type BinaryLabelFigures,
  binaryLabelFigures,
  type ClassificationFigures,
  classificationFigures,
  mostProbable,
  type ProbabilityFigures,
  probabilityFigures,
} from './classification.ts';
export * from './disentanglement/index.ts';
export {
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  evaluationDraw,
  requireData,
  requireShape,
} from './evaluate.ts';
export {
  type ExampleParts,
  type ExampleScores,
  type ExampleScoresOptions,
  exampleParts,
  exampleScores,
} from './exampleScores.ts';
export { type FeatureMoments, frechetDistance } from './frechet.ts';
export { type ImportanceEstimate, type ImportanceOptions, importanceLogLikelihood } from './importance.ts';
export { perValueLogProb } from './perValue.ts';
export { compileRows, type RowsOptions, type RowsProgram } from './rows.ts';
export { columnMoments, type Estimate, estimate } from './statistics.ts';
