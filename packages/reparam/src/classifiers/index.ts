export type {
  Classifier,
  Features,
  FitClassifierOptions,
  FittedClassifier,
  LabelledFeatures,
} from './classifier.ts';
export { asDataset, featuresOf, joinRows, labelledRows } from './features.ts';
export { type LbfgsOptions, type LbfgsResult, lbfgs, type ValueAndGradient } from './lbfgs.ts';
export { type LinearClassifierOptions, linearSvm, logisticRegression } from './linear.ts';
