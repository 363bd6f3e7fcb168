import {
  type Features,
  type FitClassifierOptions,
  type FittedClassifier,
  type LabelledFeatures,
  labelledRows,
  logisticRegression,
  type Module,
  neuralNetwork,
  strengthByRows,
} from 'reparam';
import { foldsOf } from './folds.ts';

/** A classifier, and what was chosen for it. */
export interface Fitted {
  readonly classifier: FittedClassifier;
  readonly chosen: Readonly<Record<string, number>>;
}

/** Labelled rows; each image has `copies` of them, all first copies first. */
export interface Rows extends LabelledFeatures {
  readonly copies: number;
}

type Options = Omit<FitClassifierOptions, 'validation'> & { readonly seed: number };

/** Logistic regression whose strength has the least log-loss on validation rows, fitted with it to all labelled rows. */
export async function fitLogisticRegression({ features, labels, copies }: Rows, options: Options): Promise<Fitted> {
  const folds = (own: Int32Array, seed: number) => foldsOf(own, seed, copies);
  const classifier = await strengthByRows(logisticRegression, { folds, untilWorse: true }).fit(
    features,
    labels,
    options,
  );
  const { strength, badness, iterations } = classifier.figures as Readonly<Record<string, number>>;
  return { classifier, chosen: { strength: strength!, validationLogLoss: badness!, iterations: iterations! } };
}

/** Rows that a network is shown in all, at least, with few labels and with many. */
const shown = { few: 60_000, many: 300_000 };

/**
 * A network of the layers `encoder` and a softmax layer. With many labels the validation rows say when to stop; with few,
 * each part in turn says how many passes are best, and all rows are fitted to for the mean of them.
 */
export async function fitNetwork(encoder: Module, { features, labels }: Rows, options: Options): Promise<Fitted> {
  const { numClasses, onProgress } = options;
  const folds = foldsOf(labels, options.seed);
  const isFew = folds.length > 1;
  const epochs = Math.max(20, Math.ceil((isFew ? shown.few : shown.many) / labels.length));
  const part = (k: number) => ({
    ...options,
    onProgress: (share: number) => onProgress?.((k + share) / (isFew ? folds.length + 1 : 1)),
  });
  const judged: FittedClassifier[] = [];
  for (const [k, { train, validation }] of folds.entries()) {
    const held = labelledRows(features, validation, numClasses);
    judged.push(await neuralNetwork({ encoder, epochs }).fit(features, train, { ...part(k), validation: held }));
  }
  const best = judged.reduce((sum, { figures }) => sum + figures.bestEpoch! / judged.length, 0);
  if (!isFew) return { classifier: judged[0]!, chosen: { epochs: best } };
  const passes = Math.max(1, Math.round(best));
  const classifier = await neuralNetwork({ encoder, epochs: passes }).fit(features, labels, part(folds.length));
  return { classifier, chosen: { epochs: passes } };
}

/** The features of several draws of the same rows, one draw after the other. */
export function stacked(draws: readonly Features[]): Features {
  const [first] = draws as readonly [Features, ...Features[]];
  const data = new Float32Array(draws.length * first.data.length);
  for (const [i, { data: own }] of draws.entries()) data.set(own, i * own.length);
  return { ...first, data, rows: draws.length * first.rows };
}
