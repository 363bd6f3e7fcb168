import { permutation } from '../data/index.ts';
import { badness, defaultStrengths, trialOf } from './chooseStrength.ts';
import type { Classifier, FittedClassifier, LabelledFeatures } from './classifier.ts';
import { labelledRows } from './features.ts';

/** How a strength is chosen. */
export interface StrengthByRowsOptions {
  /** From strong to weak; the first of equals is taken. */
  readonly strengths?: readonly number[] | undefined;
  /** Parts of the cross-validation; default 5, at most as many as rows. */
  readonly folds?: number | undefined;
}

/**
 * The classifiers of a family as one that chooses its strength when it is fitted: by the validation rows where it is given
 * some (they are not fitted to), else by cross-validation over the labelled rows, each class spread evenly over the parts by
 * a seeded draw. Chosen is the least log-loss, or of classifiers without probabilities the highest accuracy.
 */
export function strengthByRows(
  family: (options: { readonly strength?: number }) => Classifier,
  { strengths = defaultStrengths, folds = 5 }: StrengthByRowsOptions = {},
): Classifier {
  const any = family({});
  return {
    name: any.name,
    description: `${any.description.replace(/, strength .*/, '')}, strength chosen from ${strengths.join(', ')}`,
    async fit(features, labels, options) {
      const all = labelledRows(features, labels, options.numClasses);
      const { validation } = options;
      const held = validation && labelledRows(validation.features, validation.labels, options.numClasses);
      const trials = held ? [[all, held] as const] : partsOf(all, Math.min(folds, all.labels.length), options.seed);
      const count = strengths.length * trials.length + (held ? 0 : 1);
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
        for (const [own, others] of trials) {
          last = await fitOne(strength, own);
          mean += badness(await trialOf(strength, last, others, options.numClasses)) / trials.length;
          done++;
        }
        if (!best || mean < best.mean) best = { strength, mean, fitted: last! };
      }
      const { strength, mean, fitted } = best!;
      const final = held ? fitted : await fitOne(strength, all);
      return {
        ...final,
        figures: { ...final.figures, strength, ...(held ? {} : { folds: trials.length }), badness: mean },
      };
    },
    restore: any.restore,
  };
}

/** For each of `folds` parts of the rows: the other rows, and those of the part. */
function partsOf(all: LabelledFeatures, folds: number, seed = 0): (readonly [LabelledFeatures, LabelledFeatures])[] {
  const { labels } = all;
  const order = permutation(labels.length, seed, 'classifier/folds');
  const byClass = order.toSorted((a, b) => labels[a]! - labels[b]!);
  const foldOf = new Int32Array(labels.length);
  byClass.forEach((row, i) => {
    foldOf[row] = i % folds;
  });
  return Array.from({ length: folds }, (_, fold) => [
    selectRows(all, (row) => foldOf[row] !== fold),
    selectRows(all, (row) => foldOf[row] === fold),
  ]);
}

function selectRows({ features, labels }: LabelledFeatures, isIn: (row: number) => boolean): LabelledFeatures {
  return labelledRows(
    features,
    labels.map((label, row) => (isIn(row) ? label : -1)),
    Number.MAX_SAFE_INTEGER,
  );
}
