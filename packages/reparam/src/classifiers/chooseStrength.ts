import { ReparamError } from '@reparam/tensor';
import { classificationFigures, probabilityFigures } from '../metrics/index.ts';
import type { Classifier, FitClassifierOptions, FittedClassifier, LabelledFeatures } from './classifier.ts';
import { joinRows } from './features.ts';

/** How good a strength is on the validation rows. */
export interface StrengthTrial {
  readonly strength: number;
  readonly accuracy: number;
  /** Where the classifier has probabilities. */
  readonly logLoss?: number;
}

/** The strength that was chosen, and the classifier fitted with it to all labelled rows. */
export interface ChosenStrength {
  readonly strength: number;
  readonly trials: readonly StrengthTrial[];
  readonly classifier: Classifier;
  readonly fitted: FittedClassifier;
}

/** Strengths of a penalty per row, from strong to weak: each a tenth of the one before. */
export const defaultStrengths: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/**
 * Fits `family(strength)` to `train` for each strength of `grid`, takes the one with the least log-loss on `validation`
 * (without probabilities, the highest accuracy; the first of equals), and fits it again to the rows of both. No other rows
 * are looked at. Strengths are per row: the objective's mean makes them mean the same for a few rows more.
 */
export async function chooseStrength(
  family: (strength: number) => Classifier,
  grid: readonly number[],
  train: LabelledFeatures,
  validation: LabelledFeatures,
  options: Omit<FitClassifierOptions, 'validation'>,
): Promise<ChosenStrength> {
  if (grid.length === 0) throw new ReparamError('config', 'no strengths to choose from', { expected: 'one at least' });
  const { numClasses, onProgress } = options;
  const part = (done: number): FitClassifierOptions => ({
    ...options,
    onProgress: (share) => onProgress?.((done + share) / (grid.length + 1)),
  });
  const trials: StrengthTrial[] = [];
  for (const strength of grid) {
    const fitted = await family(strength).fit(train.features, train.labels, part(trials.length));
    trials.push(await trialOf(strength, fitted, validation, numClasses));
  }
  const { strength } = trials.reduce((best, trial) => (badness(trial) < badness(best) ? trial : best));
  const classifier = family(strength);
  const all = joinRows(train, validation);
  return { strength, trials, classifier, fitted: await classifier.fit(all.features, all.labels, part(grid.length)) };
}

/** How good `fitted`, of `strength`, is on rows it was not fitted to. */
export async function trialOf(
  strength: number,
  fitted: FittedClassifier,
  { features, labels }: LabelledFeatures,
  numClasses: number,
): Promise<StrengthTrial> {
  if (!fitted.hasProbabilities) {
    const { accuracy } = classificationFigures(await fitted.predict(features), labels, numClasses);
    return { strength, accuracy: accuracy.value };
  }
  const { accuracy, logLoss } = probabilityFigures(await fitted.scores(features), labels, numClasses);
  return { strength, accuracy: accuracy.value, logLoss: logLoss.value };
}

/** Log-loss, or minus accuracy where there are no probabilities. */
export const badness = ({ logLoss, accuracy }: StrengthTrial): number => logLoss ?? -accuracy;
