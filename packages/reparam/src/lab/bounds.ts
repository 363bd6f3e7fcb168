import { add, broadcastTo } from '@reparam/tensor';
import type { Dataset } from '../data/index.ts';
import { Independent, independent, Normal, normal } from '../distributions/index.ts';
import { boundRows } from '../metrics/bound.ts';
import {
  compileRows,
  type Estimate,
  estimate,
  evaluationDraw,
  importanceLogLikelihood,
  type RowsOptions,
} from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';

/** Draws an example that the ELBO, an expectation over one draw, is averaged over. */
const elboSamples = 100;

/** Options of the ladder. */
export interface BoundsOptions extends RowsOptions {
  /** Importance samples of the bounds; the largest is the estimate of log p(x). */
  readonly numSamples?: readonly number[];
  readonly seed?: number;
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One rung of the ladder: an average over the examples, nats an example. */
export interface BoundRung extends Estimate {
  readonly name: 'prior sampling' | 'ELBO' | 'IWAE';
  /** Draws of z an example. */
  readonly numSamples: number;
  /** Mean over the examples of the estimate's own standard error, by the delta method; absent for the ELBO. */
  readonly samplingError?: number;
}

/**
 * Lower bounds on log p(x) from the loosest up: sampling from the prior, the ELBO, importance-weighted bounds of growing
 * k. Prior sampling is left out where the prior is not a (possibly learned) diagonal normal.
 */
export async function boundsLadder(
  model: LatentModel,
  params: HostParams,
  dataset: Dataset,
  options: BoundsOptions,
): Promise<BoundRung[]> {
  const { numSamples = [1, 2, 5, 10, 50, 100, 500, 1000], seed = 0, onProgress, signal } = options;
  const run = { ...options, seed, draw: evaluationDraw, signal, onProgress: undefined };
  const rungs: BoundRung[] = [];
  const rows = await compileRows(boundRows(model, elboSamples), params, dataset, {
    ...options,
    batchSize: Math.min(25, dataset.size),
  });
  const { elbo } = await rows.run(params, { seed, draw: evaluationDraw, signal }).finally(() => rows.dispose());
  rungs.push({ name: 'ELBO', numSamples: 1, ...estimate(elbo!.data as Float32Array) });
  const total = 2 * numSamples.reduce((sum, k) => sum + k, 0);
  let done = 0;
  const rung = async (name: BoundRung['name'], of: LatentModel, k: number): Promise<void> => {
    const { logLikelihood, standardError } = await importanceLogLikelihood(of, params, dataset, {
      ...run,
      numSamples: k,
    });
    const samplingError = standardError.reduce((sum, each) => sum + each, 0) / standardError.length;
    rungs.push({ name, numSamples: k, ...estimate(logLikelihood), samplingError });
    done += k;
    onProgress?.(done / total);
  };
  for (const k of numSamples) await rung('IWAE', model, k);
  const sampler = fromPrior(model);
  try {
    for (const k of numSamples) await rung('prior sampling', sampler, k);
  } catch (error) {
    if (!(error instanceof NoDiagonalPrior)) throw error;
  }
  return rungs;
}

class NoDiagonalPrior extends Error {}

/** The same model with its prior in place of the encoder: importance weights are then p(x given z). */
const fromPrior = (model: LatentModel): LatentModel => ({
  ...model,
  encode(params, x, context) {
    const prior = model.prior(params, context);
    if (!(prior instanceof Independent && prior.base instanceof Normal)) throw new NoDiagonalPrior();
    const shape = [x.shape[0]!, model.latentDim];
    const { loc, scale } = prior.base;
    return independent(normal({ loc: broadcastTo(loc, shape), scale: broadcastTo(add(scale, 0), shape) }));
  },
});
