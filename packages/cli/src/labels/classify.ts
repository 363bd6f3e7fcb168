import {
  type AnyDataset,
  binaryLabelFigures,
  type ClassificationFigures,
  classificationFigures,
  type Estimate,
  mostProbable,
  probabilityFigures,
  unknownTarget,
} from 'reparam';
import { countLabelled } from './knownLabels.ts';
import type { Predictor, PredictorOptions } from './predictor.ts';

/** Figures of predicted labels; what a predictor or its labels do not have is absent. */
export interface LabelFigures {
  /** What predicted them. */
  readonly by: string;
  readonly kind: Predictor['kind'];
  /** Examples with a label. */
  readonly rows: number;
  readonly accuracy: Estimate;
  readonly logLoss?: Estimate;
  readonly calibrationError?: number;
  readonly calibrationBins?: number;
  /** [K, K], row-major: rows of class i predicted as j. */
  readonly confusion?: Int32Array;
  /** Of each class the share found; of labels of yes or no the share of rows right. */
  readonly classAccuracy: Float64Array;
  readonly classNames?: readonly string[];
}

/** Predicts the labels of `dataset` and compares; undefined where it has none. */
export async function measureLabels(
  predictor: Predictor,
  dataset: AnyDataset,
  options: PredictorOptions,
): Promise<LabelFigures | undefined> {
  if (!hasLabels(predictor, dataset)) return undefined;
  return labelFigures(predictor, await predictor.scores(dataset, options), dataset);
}

/** Whether `dataset` has labels of the kind that are predicted. */
export const hasLabels = ({ kind, numLabels }: Predictor, dataset: AnyDataset): boolean =>
  kind === 'categorical'
    ? dataset.labels !== undefined && countLabelled({ ...dataset, targets: undefined }) > 0
    : dataset.targets?.size === numLabels && countLabelled(dataset) > 0;

/** Figures of `scores` against the labels of `dataset`. */
export function labelFigures(predictor: Predictor, scores: Float32Array, dataset: AnyDataset): LabelFigures {
  const { numLabels, kind, hasProbabilities, description: by } = predictor;
  const { classNames } = dataset;
  if (kind === 'bernoulli') {
    const known = Array.from(dataset.targets!.data, (value) => (value === unknownTarget ? -1 : value));
    const { rows, accuracy, labelAccuracy, logLoss } = binaryLabelFigures(scores, known, numLabels);
    return { by, kind, rows, accuracy, logLoss, classAccuracy: labelAccuracy };
  }
  const labels = dataset.labels!;
  const figures: ClassificationFigures = hasProbabilities
    ? probabilityFigures(scores, labels, numLabels)
    : classificationFigures(mostProbable(scores, numLabels), labels, numLabels);
  return { by, kind, ...figures, ...(classNames && { classNames }) };
}
