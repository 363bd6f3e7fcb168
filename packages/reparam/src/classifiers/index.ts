export type {
  Classifier,
  Features,
  FitClassifierOptions,
  FittedClassifier,
  LabelledFeatures,
} from './classifier.ts';
export { type CodeKind, type CodeOptions, codeFeatures, type FitOnCodesOptions, fitOnCodes } from './codes.ts';
export { asDataset, featuresOf, joinRows, labelledFeaturesOf, labelledRows } from './features.ts';
export { type LbfgsOptions, type LbfgsResult, lbfgs, type ValueAndGradient } from './lbfgs.ts';
export { type LinearClassifierOptions, linearSvm, logisticRegression } from './linear.ts';
export { type NearestNeighboursOptions, nearestNeighbours } from './nearestNeighbours.ts';
export { type NearestOptions, nearestByProducts } from './neighbours.ts';
export {
  type FittedNetwork,
  type NetworkClassifier,
  type NeuralNetworkOptions,
  neuralNetwork,
} from './neuralNetwork.ts';
export { type Preprocessing, preprocessed, principalCodes, standardise } from './preprocessing.ts';
export { defaultStrengths, type Fold, type StrengthByRowsOptions, strengthByRows } from './strengthByRows.ts';
