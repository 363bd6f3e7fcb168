import type { HostTensor, Runtime } from '@reparam/tensor';
import { moments, principalAxes } from '../classical/index.ts';
import { type Binarization, type Dataset, widthOf } from '../data/index.ts';
import { gaussianLikelihood } from '../likelihoods/index.ts';
import { type Evaluation, evaluate } from '../metrics/index.ts';
import { type LatentModel, vae } from '../models/index.ts';
import { mlp } from '../nn/index.ts';
import { elbo, type Objective, reconstruction } from '../objectives/index.ts';
import { cosine } from '../optim/index.ts';
import { branch } from '../params.ts';
import { deltaPosterior } from '../posteriors/index.ts';
import { fit } from '../train/index.ts';
import { principalAngles } from './linear.ts';

/** What every experiment of training takes. */
export interface TrainingOptions {
  readonly runtime: Runtime;
  readonly epochs?: number;
  readonly seed?: number;
  readonly binarization?: Binarization;
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One way to train the same model. */
export interface TrainedVariant {
  readonly name: string;
  /** ELBO of the training set after each epoch, as training saw it. */
  readonly curve: readonly number[];
  /** On the test set. */
  readonly test: Evaluation;
}

/** The ways that are compared: gradients of the same bound, and what the rate is weighed with. */
export const trainingVariants: readonly { readonly name: string; readonly objective: Objective }[] = [
  { name: 'reparameterised', objective: elbo() },
  { name: 'score function, batch baseline', objective: elbo({ gradient: 'score-function', baseline: 'batch' }) },
  { name: 'score function, no baseline', objective: elbo({ gradient: 'score-function', baseline: 'none' }) },
  { name: 'beta = 0, reconstruction only', objective: elbo({ beta: 0 }) },
];

/** Trains the same model, from the same start on the same batches, by each variant. */
export async function compareTraining(
  model: LatentModel,
  train: Dataset,
  test: Dataset,
  options: TrainingOptions & { readonly variants?: typeof trainingVariants; readonly learningRate?: number },
): Promise<TrainedVariant[]> {
  const { runtime, epochs = 60, seed = 0, binarization = 'none', variants = trainingVariants, signal } = options;
  const results: TrainedVariant[] = [];
  for (const [i, { name, objective }] of variants.entries()) {
    const training = fit(model, train, {
      runtime,
      epochs,
      seed,
      binarization,
      batchSize: 100,
      objective,
      learningRate: options.learningRate ?? 2e-3,
      ...(signal && { signal }),
    });
    const curve: number[] = [];
    for await (const epoch of training) {
      curve.push(epoch.train.elbo);
      options.onProgress?.((i + epoch.epoch / epochs) / variants.length);
    }
    const measured = await evaluate(model, training.params, test, { runtime, seed, binarization, numSamples: 500 });
    results.push({ name, curve, test: measured });
  }
  return results;
}

/** A linear autoencoder beside principal components, after one epoch. */
export interface LinearAutoencoderEpoch {
  readonly epoch: number;
  /** Largest principal angle between the decoder's columns and the first q axes, degrees. */
  readonly largestAngle: number;
  /** Mean squared length of x − its reconstruction, over the training set. */
  readonly squaredError: number;
}

/** A linear autoencoder trained by gradients, and the least squared error any q dimensions allow. */
export interface LinearAutoencoder {
  readonly epochs: readonly LinearAutoencoderEpoch[];
  /** Σ of the eigenvalues that q axes leave. */
  readonly leastSquaredError: number;
  /** All principal angles at the end, degrees, the smallest first. */
  readonly angles: Float64Array;
}

/** Trains a linear autoencoder and measures, epoch by epoch, how far it spans the principal subspace (Bourlard & Kamp 1988; Baldi & Hornik 1989). */
export async function linearAutoencoder(
  dataset: Dataset,
  latentDim: number,
  options: TrainingOptions,
): Promise<LinearAutoencoder> {
  const { runtime, epochs = 200, seed = 0, onProgress, signal } = options;
  const width = widthOf(dataset);
  const axes = principalAxes(moments({ data: dataset.data, rows: dataset.size, columns: width, scale: dataset.scale }));
  const span = Float64Array.from({ length: width * latentDim }, (_, i) => {
    const [row, column] = [Math.floor(i / latentDim), i % latentDim];
    return axes.axes[column * width + row]!;
  });
  // With σ² = ½ the distortion is the squared error and a constant.
  const model = vae({
    dataShape: dataset.shape,
    latentDim,
    encoder: mlp([]),
    decoder: mlp([]),
    likelihood: gaussianLikelihood({ scale: Math.SQRT1_2 }),
    posterior: deltaPosterior(),
  });
  const training = fit(model, dataset, {
    runtime,
    epochs,
    seed,
    batchSize: 100,
    objective: reconstruction(),
    learningRate: cosine({ value: 0.01 }),
    ...(signal && { signal }),
  });
  const constant = (width / 2) * Math.log(Math.PI);
  const anglesNow = () => {
    const { data } = branch(training.state.params, 'output').weight as HostTensor;
    return principalAngles(data as Float32Array, span, width);
  };
  const results: LinearAutoencoderEpoch[] = [];
  for await (const { epoch, train } of training) {
    results.push({ epoch, largestAngle: anglesNow().at(-1)!, squaredError: train.distortion - constant });
    onProgress?.(epoch / epochs);
  }
  const leastSquaredError = axes.eigenvalues.subarray(latentDim).reduce((sum, value) => sum + value, 0);
  return { epochs: results, leastSquaredError, angles: anglesNow() };
}
