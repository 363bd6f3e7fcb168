import type { Runtime } from '@reparam/tensor';
import {
  type AnyDataset,
  averageOutcomes,
  type Binarization,
  type CodeClassifierConfig,
  codeFeatures,
  type FittedClassifier,
  type HostParams,
  type LatentModel,
  predictLabels,
} from 'reparam';

/** What puts labels to examples: a model that predicts them, or a classifier of a model's codes. */
export interface Predictor {
  readonly numLabels: number;
  readonly kind: 'categorical' | 'bernoulli';
  /** Whether `scores` are log-probabilities (of labels of yes or no: logits), or margins. */
  readonly hasProbabilities: boolean;
  /** One line for people. */
  readonly description: string;
  /** The classifier of codes, where it is one. */
  readonly ofCodes?: FittedClassifier;
  /** [n, numLabels], row-major; labels that the examples have are not looked at. */
  scores(dataset: AnyDataset, options: PredictorOptions): Promise<Float32Array>;
}

/** How examples are put through. */
export interface PredictorOptions {
  readonly runtime: Runtime;
  readonly binarization: Binarization;
  readonly seed: number;
  /** How often each example, with new bits and noise; probabilities are averaged. Default 1. */
  readonly numSamples?: number | undefined;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

/** The predictions of a model that has some itself. */
export function modelPredictor(model: LatentModel, params: HostParams): Predictor | undefined {
  const { labels } = model;
  if (!labels) return undefined;
  const { numLabels, kind } = labels;
  return {
    numLabels,
    kind,
    hasProbabilities: true,
    description: `the model itself: ${kind === 'categorical' ? `${numLabels} classes` : `${numLabels} labels of yes or no`}`,
    scores: async (dataset, options) => (await predictLabels(model, params, dataset, options)).data,
  };
}

/** The predictions of a classifier of codes. */
export function codePredictor(
  model: LatentModel,
  params: HostParams,
  config: CodeClassifierConfig,
  classifier: FittedClassifier,
): Predictor {
  return {
    numLabels: classifier.numClasses,
    kind: 'categorical',
    hasProbabilities: classifier.hasProbabilities,
    description: describeClassifier(config),
    ofCodes: classifier,
    async scores(dataset, { numSamples = 1, onProgress, ...options }) {
      const draws: Float32Array[] = [];
      for (let draw = 0; draw < numSamples; draw++) {
        const progress = onProgress && ((share: number) => onProgress((draw + share) / numSamples));
        const binarization = config.binarization ?? options.binarization;
        const coded = {
          ...options,
          binarization,
          codes: config.codes,
          draw,
          ...(progress && { onProgress: progress }),
        };
        draws.push(await classifier.scores(await codeFeatures(model, params, dataset, coded)));
      }
      return classifier.hasProbabilities ? averageOutcomes(draws, 'categorical') : meanOf(draws);
    },
  };
}

const meanOf = (draws: readonly Float32Array[]): Float32Array =>
  draws[0]!.map((_, i) => draws.reduce((sum, draw) => sum + draw[i]!, 0) / draws.length);

/** Which classifier, of which codes. */
export function describeClassifier(config: CodeClassifierConfig): string {
  const what = {
    'logistic-regression': 'multinomial logistic regression',
    'linear-svm': 'linear SVM (squared hinge, one against the rest)',
  }[config.kind];
  return `${what} on ${config.codes === 'sample' ? 'samples from the posteriors' : 'posterior means'}${
    config.binarization ? `, binarisation ${config.binarization}` : ''
  }`;
}
