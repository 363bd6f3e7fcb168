import type { Runtime } from '@reparam/tensor';
import { activeUnits, moments, ppca, principalAxes } from '../classical/index.ts';
import { type Dataset, widthOf } from '../data/index.ts';
import { gaussianLikelihood } from '../likelihoods/index.ts';
import { evaluate } from '../metrics/index.ts';
import { vae } from '../models/index.ts';
import { mlp } from '../nn/index.ts';
import { cosine, sgd } from '../optim/index.ts';
import { sharedVarianceNormal } from '../posteriors/index.ts';
import { fit } from '../train/index.ts';

/** Options of the experiment. */
export interface CollapseOptions {
  readonly runtime: Runtime;
  /**
   * Fixed variances of the likelihood to try, the squared unit of x; default: in the three widest gaps of the spectrum and
   * beyond both of its ends. Close to an eigenvalue a unit gains or loses so little that a short training does not tell.
   */
  readonly noiseVariances?: readonly number[];
  readonly latentDim?: number;
  readonly epochs?: number;
  readonly seed?: number;
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A linear VAE with fixed s², beside what the eigenvalues of the data say of it. */
export interface Collapse {
  readonly noiseVariance: number;
  /** min(q, number of eigenvalues above s²). */
  readonly theory: number;
  /** Latent dimensions whose posterior mean varies by more than 0.01, after training. */
  readonly measured: number;
  /** Of the trained model on the training set, nats an example. */
  readonly elbo: number;
  /** The largest log-likelihood that any model of this kind has. */
  readonly optimum: number;
}

/** Trained models, and the spectrum that predicts them. */
export interface CollapseLab {
  readonly models: readonly Collapse[];
  /** Of the data's covariance, the largest first. */
  readonly eigenvalues: Float64Array;
}

/** Active units of linear VAEs trained with fixed noise variances, and the number that the theory says survives. */
export async function collapse(dataset: Dataset, options: CollapseOptions): Promise<CollapseLab> {
  const { runtime, latentDim = 16, epochs = 200, seed = 0 } = options;
  const data = { data: dataset.data, rows: dataset.size, columns: widthOf(dataset), scale: dataset.scale };
  const axes = principalAxes(moments(data));
  const noiseVariances = options.noiseVariances ?? inGaps(axes.eigenvalues, latentDim);
  const results: Collapse[] = [];
  for (const [i, noiseVariance] of noiseVariances.entries()) {
    const model = vae({
      dataShape: dataset.shape,
      latentDim,
      encoder: mlp([]),
      decoder: mlp([]),
      likelihood: gaussianLikelihood({ scale: Math.sqrt(noiseVariance) }),
      posterior: sharedVarianceNormal(),
    });
    const training = fit(model, dataset, {
      runtime,
      epochs,
      batchSize: 100,
      // The loss is 1/s² times as steep.
      optimizer: sgd({ momentum: 0.9 }),
      learningRate: cosine({ value: 0.06 * noiseVariance }),
      seed,
      ...(options.signal && { signal: options.signal }),
    });
    for await (const { epoch } of training) options.onProgress?.((i + epoch / epochs) / noiseVariances.length);
    const { activeUnits: measured, elbo } = await evaluate(model, training.params, dataset, {
      runtime,
      numSamples: 0,
      seed,
    });
    results.push({
      noiseVariance,
      theory: activeUnits(axes.eigenvalues, noiseVariance, latentDim),
      measured,
      elbo: elbo.value,
      optimum: ppca(axes, latentDim, { noiseVariance }).logLikelihood(data),
    });
  }
  return { models: results, eigenvalues: axes.eigenvalues };
}

/** Geometric middles of the three widest gaps among the first q eigenvalues, a value below them and two above, ascending. */
function inGaps(eigenvalues: Float64Array, latentDim: number): number[] {
  const q = Math.min(latentDim, eigenvalues.length);
  const gaps = Array.from({ length: q - 1 }, (_, k) => ({
    ratio: eigenvalues[k]! / eigenvalues[k + 1]!,
    middle: Math.sqrt(eigenvalues[k]! * eigenvalues[k + 1]!),
  }));
  const widest = gaps.sort((a, b) => b.ratio - a.ratio).slice(0, 3);
  const [first, last] = [eigenvalues[0]!, eigenvalues[q - 1]!];
  return [0.6 * last, ...widest.map(({ middle }) => middle), 1.4 * first, 2 * first].sort((a, b) => a - b);
}
