import { ReparamError } from '@reparam/tensor';
import { permutation } from '../data/index.ts';
import { classificationFigures, probabilityFigures } from '../metrics/index.ts';
import type { Classifier, FittedClassifier, LabelledFeatures } from './classifier.ts';
import { joinRows, labelledRows } from './features.ts';

/** Strengths of a penalty per row, from strong to weak: each a tenth of the one before. */
export const defaultStrengths: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/** Labels of the rows to fit to, and of those to judge by; −1 marks a row as not among them. */
export interface Fold {
  readonly train: Int32Array;
  readonly validation: Int32Array;
}

/** How a strength is chosen. */
export interface StrengthByRowsOptions {
  /** From strong to weak; the first of equals is taken. */
  readonly strengths?: readonly number[] | undefined;
  /**
   * The cross-validation where no validation rows are given: how many parts (default 5, at most as many as rows), drawn so that
   * each class is spread evenly over them; or the folds of given labels.
   */
  readonly folds?: number | ((labels: Int32Array, seed: number) => readonly Fold[]) | undefined;
  /** Whether validation rows are fitted to as well, once they have chosen; default: they are not. */
  readonly fitsToValidation?: boolean | undefined;
  /** Whether the search ends with the first strength that is no better than the one before: what follows fits the noise. */
  readonly untilWorse?: boolean | undefined;
}

/**
 * The classifiers of a family as one that chooses its strength when it is fitted: by the validation rows where it is given
 * some, else by cross-validation over the labelled rows. Chosen is the least log-loss, or of classifiers without
 * probabilities the highest accuracy; no other rows are looked at. Strengths are per row: the objective's mean makes them mean
 * the same for a few rows more. `figures` has the `strength` and its `badness`: the mean log-loss, or minus the accuracy.
 * @example strengthByRows(logisticRegression, { strengths: [1e-3, 1e-4] })
 */
export function strengthByRows(
  family: (options: { readonly strength?: number }) => Classifier,
  { strengths = defaultStrengths, folds = 5, fitsToValidation = false, untilWorse = false }: StrengthByRowsOptions = {},
): Classifier {
  if (strengths.length === 0) {
    throw new ReparamError('config', 'no strengths to choose from', { expected: 'one at least' });
  }
  const any = family({});
  return {
    name: any.name,
    description: `${any.description.replace(/, strength .*/, '')}, strength chosen from ${strengths.join(', ')}`,
    async fit(features, labels, options) {
      const { numClasses, seed = 0, validation } = options;
      const own = labelledRows(features, labels, numClasses);
      const held = validation && labelledRows(validation.features, validation.labels, numClasses);
      const trials = held ? [[own, held] as const] : parts(own, folds, seed);
      const isAgain = !held || fitsToValidation;
      const count = strengths.length * trials.length + (isAgain ? 1 : 0);
      let done = 0;
      const fitOne = (strength: number, { features, labels }: LabelledFeatures) =>
        family({ strength }).fit(features, labels, {
          ...options,
          validation: undefined,
          onProgress: (share) => options.onProgress?.((done + share) / count),
        });
      let best: { strength: number; mean: number; fitted: FittedClassifier } | undefined;
      for (const strength of strengths) {
        let mean = 0;
        let last: FittedClassifier | undefined;
        for (const [rows, others] of trials) {
          last = await fitOne(strength, rows);
          mean += (await badness(last, others, numClasses)) / trials.length;
          done++;
        }
        const isBetter = !best || mean < best.mean;
        if (isBetter) best = { strength, mean, fitted: last! };
        else if (untilWorse) break;
      }
      const { strength, mean, fitted } = best!;
      done = count - 1;
      const final = isAgain ? await fitOne(strength, held ? joinRows(own, held) : own) : fitted;
      options.onProgress?.(1);
      return {
        ...final,
        figures: { ...final.figures, strength, ...(held ? {} : { folds: trials.length }), badness: mean },
      };
    },
    restore: any.restore,
  };
}

/** Log-loss on rows that were not fitted to, or minus the accuracy where there are no probabilities. */
async function badness(fitted: FittedClassifier, { features, labels }: LabelledFeatures, numClasses: number) {
  return fitted.hasProbabilities
    ? probabilityFigures(await fitted.scores(features), labels, numClasses).logLoss.value
    : -classificationFigures(await fitted.predict(features), labels, numClasses).accuracy.value;
}

/** For each fold: the rows to fit to, and those to judge by. */
function parts(all: LabelledFeatures, folds: NonNullable<StrengthByRowsOptions['folds']>, seed: number) {
  const { labels } = all;
  const each =
    typeof folds === 'number' ? evenFolds(labels, Math.min(folds, labels.length), seed) : folds(labels, seed);
  const rows = (kept: Int32Array) => labelledRows(all.features, kept, Number.MAX_SAFE_INTEGER);
  return each.map(({ train, validation }) => [rows(train), rows(validation)] as const);
}

/** So many parts by a seeded draw, each to be judged by in turn. */
function evenFolds(labels: Int32Array, count: number, seed: number): Fold[] {
  const order = permutation(labels.length, seed, 'classifier/folds');
  const byClass = order.toSorted((a, b) => labels[a]! - labels[b]!);
  const foldOf = new Int32Array(labels.length);
  byClass.forEach((row, i) => {
    foldOf[row] = i % count;
  });
  const keep = (isKept: (fold: number) => boolean) => labels.map((label, row) => (isKept(foldOf[row]!) ? label : -1));
  return Array.from({ length: count }, (_, fold) => ({
    train: keep((own) => own !== fold),
    validation: keep((own) => own === fold),
  }));
}
