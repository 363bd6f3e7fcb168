import type { Runtime } from '@reparam/tensor';
import { activeUnits, moments, ppca, principalAxes } from '../classical/index.ts';
import { type Dataset, widthOf } from '../data/index.ts';
import { gaussianLikelihood } from '../likelihoods/index.ts';
import { evaluate } from '../metrics/index.ts';
import { vae } from '../models/index.ts';
import { mlp } from '../nn/index.ts';
import { cosine } from '../optim/index.ts';
import { sharedVarianceNormal } from '../posteriors/index.ts';
import { fit } from '../train/index.ts';

/** Options of the experiment. */
export interface CollapseOptions {
  readonly runtime: Runtime;
  /** Fixed variances of the likelihood to try, the squared unit of x. */
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

/** Active units of linear VAEs trained with fixed noise variances, and the number that the theory says survives. */
export async function collapse(dataset: Dataset, options: CollapseOptions): Promise<Collapse[]> {
  const {
    runtime,
    noiseVariances = [0.05, 0.1, 0.2, 0.35, 0.6, 1, 2, 3],
    latentDim = 16,
    epochs = 120,
    seed = 0,
  } = options;
  const data = { data: dataset.data, rows: dataset.size, columns: widthOf(dataset), scale: dataset.scale };
  const axes = principalAxes(moments(data));
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
      learningRate: cosine({ value: 0.01 }),
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
  return results;
}
