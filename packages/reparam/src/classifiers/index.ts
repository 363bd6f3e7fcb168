export type {
  Classifier,
  Features,
  FitClassifierOptions,
  FittedClassifier,
  LabelledFeatures,
} from './classifier.ts';
export { asDataset, featuresOf, joinRows, labelledRows } from './features.ts';
