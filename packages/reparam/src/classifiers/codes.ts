import type { HostTensor, Tensor } from '@reparam/tensor';
import { ReparamError } from '@reparam/tensor';
import { type AnyDataset, subset } from '../data/index.ts';
import type { EncodeOptions } from '../latent/index.ts';
import { compileRows, evaluationDraw, requireShape } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import type { Classifier, Features, FittedClassifier, LabelledFeatures } from './classifier.ts';

/** What stands for an example: the mean of its posterior, or a draw from it. */
export type CodeKind = 'mean' | 'sample';

/** How examples become codes. */
export interface CodeOptions extends EncodeOptions {
  /** Default mean. */
  readonly codes?: CodeKind | undefined;
  /** Number of the draw, for samples and for bits; default 0. */
  readonly draw?: number | undefined;
}

/** Codes of every example as features [n, latentDim] of a classifier. */
export async function codeFeatures(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  { codes = 'mean', draw = 0, seed = 0, onProgress, signal, condition: _, ...options }: CodeOptions,
): Promise<Features> {
  requireShape(model, dataset);
  const program = await compileRows(
    (p, x, context): Record<string, Tensor> => {
      const q = model.encode(p, x, context);
      return { codes: codes === 'mean' ? q.mean : q.rsample(context.site('codes')) };
    },
    params,
    { ...dataset, targets: undefined },
    { batchSize: 100, ...options },
  );
  try {
    const found = await program.run(params, { seed, draw: evaluationDraw + draw, onProgress, signal });
    const { data, shape } = found.codes as HostTensor;
    return { data: data as Float32Array, rows: shape[0]!, columns: shape[1]! };
  } finally {
    await program.dispose();
  }
}

/** How a classifier is fitted on codes. */
export interface FitOnCodesOptions extends CodeOptions {
  /** K: labels are 0 … K − 1, or −1. */
  readonly numClasses: number;
  /** Labelled examples that the classifier may choose by, and is not fitted on. */
  readonly validation?: AnyDataset | undefined;
}

/**
 * Fits `classifier` on the codes of the labelled examples of `dataset`; the others are not looked at. Throws `data` when none
 * has a label.
 * @example const found = await fitOnCodes(model, params, train, logisticRegression(), { numClasses: 10, runtime });
 */
export async function fitOnCodes(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  classifier: Classifier,
  { numClasses, validation, onProgress, ...options }: FitOnCodesOptions,
): Promise<FittedClassifier> {
  const codesOf = async (set: AnyDataset): Promise<LabelledFeatures> => {
    const labelled = labelledExamples(set);
    return { features: await codeFeatures(model, params, labelled, options), labels: labelled.labels! };
  };
  const { features, labels } = await codesOf(dataset);
  return classifier.fit(features, labels, {
    numClasses,
    runtime: options.runtime,
    seed: options.seed,
    signal: options.signal,
    onProgress,
    validation: validation && (await codesOf(validation)),
  });
}

/** The examples of `dataset` that have a label. */
function labelledExamples(dataset: AnyDataset): AnyDataset {
  const { labels, size, name } = dataset;
  const rows = Int32Array.from({ length: size }, (_, row) => row).filter((row) => (labels?.[row] ?? -1) >= 0);
  if (rows.length > 0) return rows.length === size ? dataset : subset(dataset, rows);
  throw new ReparamError('data', 'no example has a label', {
    got: labels ? `${size} examples, all without` : 'a data set without labels',
    fix: 'Name the label column or file',
    at: name,
  });
}
