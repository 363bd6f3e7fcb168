import {
  type HostTensor,
  hostTensor,
  logSoftmax,
  matmul,
  ReparamError,
  type Runtime,
  type Tensor,
} from '@reparam/tensor';
import { compileRows, mostProbable } from '../metrics/index.ts';
import { constants, type HostParams, leaf, type SymbolicParams } from '../params.ts';
import type { Classifier, Features, FittedClassifier } from './classifier.ts';
import { asDataset, checkFeatures, labelledRows } from './features.ts';
import { lbfgs } from './lbfgs.ts';
import { type Coordinates, centredCoordinates } from './linearCoordinates.ts';
import { crossEntropy, linearLoss, type RowLoss, squaredHinge } from './linearLoss.ts';

/** Options of a linear classifier. */
export interface LinearClassifierOptions {
  /** λ ≥ 0 of the penalty λ/2 · ‖W‖²; scikit-learn's C is 1 / (λ · rows). Default 1e-4. */
  readonly strength?: number;
  /** Fitting ends when no entry of the objective's gradient is larger, in absolute value; default 1e-4. */
  readonly tolerance?: number;
  /** Default 1000. */
  readonly maxIterations?: number;
}

/**
 * Multinomial logistic regression: minimises, over the N labelled rows, 1/N Σ −log softmax(W·x + b)[label] + λ/2 ‖W‖²
 * by L-BFGS. The intercept b is not penalised. The same as scikit-learn's `LogisticRegression(C=1/(λN))`.
 */
export const logisticRegression = (options: LinearClassifierOptions = {}): Classifier =>
  linearClassifier('logistic-regression', 'multinomial logistic regression', crossEntropy, true, options);

/**
 * Linear support vector machines, one a class against the rest: minimises, over the N labelled rows,
 * 1/N Σ Σ_k max(0, 1 − s_k (W·x + b)_k)² + λ/2 ‖W‖², s_k = 1 for the label's class and −1 for the others, by L-BFGS. The
 * intercepts b are not penalised (liblinear penalises them). Scores are margins.
 */
export const linearSvm = (options: LinearClassifierOptions = {}): Classifier =>
  linearClassifier('linear-svm', 'linear SVM, one against the rest, squared hinge', squaredHinge, false, options);

function linearClassifier(
  name: string,
  what: string,
  loss: RowLoss,
  hasProbabilities: boolean,
  { strength = 1e-4, tolerance = 1e-4, maxIterations = 1000 }: LinearClassifierOptions,
): Classifier {
  if (!(strength >= 0 && Number.isFinite(strength))) {
    throw new ReparamError('config', 'bad strength of the penalty', {
      got: `${strength}`,
      expected: 'a number from 0 on',
      at: name,
    });
  }
  return {
    name,
    description: `${what}, strength ${strength}`,
    async fit(features, labels, { numClasses, runtime, signal, onProgress }) {
      const labelled = labelledRows(features, labels, numClasses);
      const { columns } = labelled.features;
      const data = await linearLoss(labelled, numClasses, loss, runtime);
      const coordinates = centredCoordinates(labelled.features, numClasses);
      try {
        const result = await lbfgs(
          async (point) => {
            signal?.throwIfAborted();
            const { value, gradient } = await data.evaluate(coordinates.toModel(point));
            return penalised(coordinates, point, { value, gradient }, strength, columns * numClasses);
          },
          new Float64Array((columns + 1) * numClasses),
          {
            tolerance,
            maxIterations,
            // A mean of many 32-bit losses, each with an error of a few times 2⁻²⁴.
            noise: 1e-7,
            onIteration: (iteration) => onProgress?.(iteration / maxIterations),
          },
        );
        onProgress?.(1);
        const point = Float32Array.from(coordinates.toModel(result.point));
        const params = {
          weights: hostTensor(point.slice(0, columns * numClasses), [numClasses, columns]),
          bias: hostTensor(point.slice(columns * numClasses), [numClasses]),
        };
        const figures = {
          rows: labelled.features.rows,
          strength,
          iterations: result.iterations,
          evaluations: result.evaluations,
          objective: result.value,
          gradientNorm: result.gradientNorm,
          converged: result.stopped === 'gradient' ? 1 : 0,
        };
        return fitted(params, runtime, hasProbabilities, figures);
      } finally {
        await data.dispose();
      }
    },
    restore: (params, { runtime }) => fitted(params, runtime, hasProbabilities, {}),
  };
}

/** The objective at a point of the coordinates: their gradient, with the penalty of the weights. */
function penalised(
  coordinates: Coordinates,
  point: Float64Array,
  { value, gradient }: { value: number; gradient: Float64Array },
  strength: number,
  weightCount: number,
) {
  const own = coordinates.fromModel(gradient);
  let squares = 0;
  for (let i = 0; i < weightCount; i++) {
    squares += point[i]! ** 2;
    own[i]! += strength * point[i]!;
  }
  return { value: value + (strength / 2) * squares, gradient: own };
}

function fitted(
  params: HostParams,
  runtime: Runtime,
  hasProbabilities: boolean,
  figures: Readonly<Record<string, number>>,
): FittedClassifier {
  const { weights, bias } = params as { readonly weights?: HostTensor; readonly bias?: HostTensor };
  const [numClasses, numFeatures] = weights?.shape ?? [];
  if (!weights || !bias || weights.shape.length !== 2 || bias.shape.length !== 1 || bias.shape[0] !== numClasses) {
    throw new ReparamError('data', 'not the parameters of a linear classifier', {
      got: Object.keys(params).join(', ') || 'nothing',
      expected: 'weights [classes, features] and bias [classes]',
    });
  }
  const score = (p: SymbolicParams, x: Tensor) => {
    const linear = matmul(x, leaf(p, 'weights'), { transB: true, bias: leaf(p, 'bias') });
    return hasProbabilities ? logSoftmax(linear) : linear;
  };
  const scores = async (features: Features): Promise<Float32Array> => {
    checkFeatures(features, numFeatures);
    const program = await compileRows((p, x) => ({ scores: score(p, x) }), params, asDataset(features), { runtime });
    try {
      return (await program.run(params, { seed: 0, draw: 0 })).scores!.data as Float32Array;
    } finally {
      await program.dispose();
    }
  };
  return {
    numClasses: numClasses!,
    numFeatures: numFeatures!,
    params,
    figures,
    hasProbabilities,
    scores,
    score: (x) => score(constants(params), x),
    predict: async (features) => mostProbable(await scores(features), numClasses!),
  };
}
