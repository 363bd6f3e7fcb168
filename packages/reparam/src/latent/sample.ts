import { type Float32Tensor, hostTensor, ReparamError, type Tensor } from '@reparam/tensor';
import { type Context, samplesAreRows } from '../context.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import { mapRows } from './mapRows.ts';
import type { LatentOptions } from './options.ts';

/** How samples are drawn. */
export interface SampleOptions extends LatentOptions {
  readonly seed?: number;
}

/** Draws from a model, float32, one row each. */
export interface Samples {
  /** Codes from the prior [n, latentDim]. */
  readonly z: Float32Tensor;
  /** Mean of p(x given z) [n, dataSize]. */
  readonly mean: Float32Tensor;
  /** Draws from p(x given z) [n, dataSize]: zeros and ones for a Bernoulli likelihood. */
  readonly x: Float32Tensor;
}

/**
 * `count` draws z ~ p(z), then x ~ p(x given z). Sample i depends on the seed and i alone.
 * @example const { mean } = await sample(model, params, 64, { runtime, seed: 1 });
 */
export async function sample(
  model: LatentModel,
  params: HostParams,
  count: number,
  options: SampleOptions,
): Promise<Samples> {
  if (!Number.isInteger(count) || count < 1) {
    throw new ReparamError('config', 'number of samples', { got: String(count), expected: 'a positive whole number' });
  }
  const drawCodes = (p: SymbolicParams, rows: Tensor, context: Context) => {
    const prior = model.prior(p, context);
    const site = context.site('sample/z');
    // A prior without a batch draws the rows; one given conditions has a row for each.
    return prior.batchShape.length > 0
      ? prior.sample(site)
      : prior.sample(samplesAreRows(site), [rows.shape[0] as number]);
  };
  // A row carries nothing here but its number, which keys the noise.
  const numbers = hostTensor(new Float32Array(count), [count, 1]);
  if (model.decodeRows) {
    const { z } = await mapRows((...args) => ({ z: drawCodes(...args) }), params, numbers, options);
    const x = await model.decodeRows(params, z, options);
    return { z, mean: x, x };
  }
  const draw = (p: SymbolicParams, rows: Tensor, context: Context) => {
    const z = drawCodes(p, rows, context);
    const likelihood = model.decode(p, z, context);
    return { z, mean: likelihood.mean, x: likelihood.sample(context.site('sample/x')) };
  };
  return mapRows(draw, params, numbers, options);
}
