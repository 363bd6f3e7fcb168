import type { Runtime } from '@reparam/tensor';
import type { Dataset } from '../data/index.ts';
import { chain, coupling, type Flow, permute } from '../flows/index.ts';
import { evaluate } from '../metrics/index.ts';
import { flowModel, flowVae } from '../models/index.ts';
import { cosine } from '../optim/index.ts';
import { branch } from '../params.ts';
import { fit } from '../train/index.ts';

/** Options of the experiment. */
export interface FlowVaeLabOptions {
  readonly runtime: Runtime;
  /** Noise around data, in its units, the largest first. */
  readonly scales?: readonly number[];
  readonly epochs?: number;
  readonly seed?: number;
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The bound of the autoencoder whose two halves are one flow, at one noise. */
export interface FlowVaeBound {
  readonly scale: number;
  readonly elbo: number;
  readonly rate: number;
  readonly distortion: number;
  /** Mean of ELBO − exact log-likelihood over the examples, nats. */
  readonly gap: number;
}

/** A flow, its exact log-likelihood, and the bounds that go to it. */
export interface FlowVaeLab {
  readonly flow: string;
  /** Of the training set, nats an example. */
  readonly logLikelihood: number;
  readonly bounds: readonly FlowVaeBound[];
}

/** Affine couplings with the halves exchanged between them. */
const couplings = (): Flow =>
  chain([0, 1, 2].flatMap(() => [coupling({ hidden: [32], activation: 'tanh' }), permute('reverse')]));

/**
 * Trains an affine coupling flow by maximum likelihood and measures the ELBO of the variational autoencoder whose encoder
 * and decoder are that flow with noise s: as s → 0 it goes to the exact log-likelihood (Nielsen et al. 2020).
 */
export async function flowVaeTheorem(dataset: Dataset, options: FlowVaeLabOptions): Promise<FlowVaeLab> {
  const {
    runtime,
    scales = [0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005],
    epochs = 100,
    seed = 0,
    onProgress,
    signal,
  } = options;
  const flow = couplings();
  const exact = flowModel({ dataShape: dataset.shape, flow });
  const training = fit(exact, dataset, {
    runtime,
    epochs,
    seed,
    batchSize: 100,
    learningRate: cosine({ value: 5e-3 }),
    ...(signal && { signal }),
  });
  for await (const { epoch } of training) onProgress?.(epoch / epochs);
  const params = { flow: branch(training.params, 'flow') };
  const { elbo: truth } = await evaluate(exact, training.params, dataset, { runtime, seed, numSamples: 0 });
  const bounds: FlowVaeBound[] = [];
  for (const scale of scales) {
    const model = flowVae({ dataShape: dataset.shape, flow, scale });
    const { elbo, rate, distortion } = await evaluate(model, params, dataset, { runtime, seed, numSamples: 0 });
    bounds.push({
      scale,
      elbo: elbo.value,
      rate: rate.value,
      distortion: distortion.value,
      gap: elbo.value - truth.value,
    });
  }
  return { flow: flow.description, logLikelihood: truth.value, bounds };
}
