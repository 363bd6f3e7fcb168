import type { Float32Tensor, Tensor } from '@reparam/tensor';
import { type Context, samplesAreRows } from '../context.ts';
import type { Dataset } from '../data/index.ts';
import { compileRows, evaluationDraw, requireShape } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import type { EncodeOptions } from './encode.ts';

/** For every example one row of each, float32 [n, latentDim]. */
export interface LatentDraws {
  /** Mean of q(z given x). */
  readonly mean: Float32Tensor;
  /** A draw from q(z given x): all rows together are draws from the aggregate posterior. */
  readonly posterior: Float32Tensor;
  /** A draw from the prior, given the example's condition where the model has one. */
  readonly prior: Float32Tensor;
}

/** Draws from the aggregate posterior over `dataset` and as many from the prior. */
export async function latentDraws(
  model: LatentModel,
  params: HostParams,
  dataset: Dataset,
  { seed = 0, onProgress, signal, batchSize = 500, condition: _, ...options }: EncodeOptions,
): Promise<LatentDraws> {
  requireShape(model, dataset);
  const run = (p: SymbolicParams, x: Tensor, context: Context) => {
    const q = model.encode(p, x, context);
    const prior = model.prior(p, context);
    const site = context.site('draws/prior');
    // A prior without a batch axis draws one row an example; one given a condition has a row an example already.
    const hasRows = prior.batchShape.length > 0;
    return {
      mean: q.mean,
      posterior: q.rsample(context.site('draws/posterior')),
      prior: hasRows ? prior.sample(site) : prior.sample(samplesAreRows(site), [x.shape[0] as number]),
    };
  };
  const program = await compileRows(run, params, dataset, { ...options, batchSize: Math.min(batchSize, dataset.size) });
  const results = await program
    .run(params, { seed, draw: evaluationDraw, onProgress, signal })
    .finally(() => program.dispose());
  return results as unknown as LatentDraws;
}
