import type { Float32Tensor, HostTensor, Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { AnyDataset, Binarization } from '../data/index.ts';
import { type Distribution, Independent, Normal } from '../distributions/index.ts';
import { compileRows, evaluationDraw, requireShape } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import type { LatentOptions } from './options.ts';
import { withToldClasses } from './toldClasses.ts';

/** How examples are put through an encoder. */
export interface EncodeOptions extends LatentOptions {
  /** How grey values become bits before they are encoded; default `none`. */
  readonly binarization?: Binarization;
  /** Seed of those bits. */
  readonly seed?: number;
}

/** Posterior of every example, float32 [n, latentDim]. */
export interface Codes {
  readonly mean: Float32Tensor;
  /** Standard deviations, where the posterior is a diagonal normal. */
  readonly scale?: Float32Tensor;
}

/** The normal distributions of the components of `d`, if it is a diagonal normal. */
export const diagonalOf = (d: Distribution): Normal | undefined =>
  d instanceof Independent && d.base instanceof Normal ? d.base : undefined;

/** Mean (and scale) of q(z given x) for every example. Throws `data` when examples have another size than the model's. */
export async function encode(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: EncodeOptions,
): Promise<Codes> {
  const run = (p: SymbolicParams, x: Tensor, context: Context): Record<string, Tensor> => {
    const q = model.encode(p, x, context);
    const scale = diagonalOf(q)?.scale;
    return { mean: q.mean, ...(scale && { scale }) };
  };
  return (await mapExamples(model, params, dataset, run, options)) as unknown as Codes;
}

/** Examples as the model saw them and their reconstructions, float32 [n, dataSize]. */
export interface Reconstructions {
  /** In the model's units, after binarisation. */
  readonly input: Float32Tensor;
  /** Mean of p(x given z) at the posterior's mean. */
  readonly mean: Float32Tensor;
}

/** Every example decoded from the mean of its posterior. Throws `data` when examples have another size than the model's. */
export async function reconstruct(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: EncodeOptions,
): Promise<Reconstructions> {
  if (model.decodeRows) {
    const inputs = (_: SymbolicParams, x: Tensor) => ({ input: x });
    const { input } = (await mapExamples(model, params, dataset, inputs, options)) as { input: Float32Tensor };
    const codes = await encode(model, params, dataset, options);
    return { input, mean: await model.decodeRows(params, codes.mean, options) };
  }
  const run = (p: SymbolicParams, x: Tensor, context: Context) => ({
    input: x,
    mean: model.decode(p, model.encode(p, x, context).mean, context).mean,
  });
  return (await mapExamples(model, params, dataset, run, options)) as unknown as Reconstructions;
}

async function mapExamples(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  fn: Parameters<typeof compileRows>[0],
  { seed = 0, onProgress, signal, ...options }: EncodeOptions,
): Promise<Record<string, HostTensor>> {
  requireShape(model, dataset);
  const told = await withToldClasses(model, params, dataset, { seed, signal, ...options });
  const program = await compileRows(fn, params, told, { batchSize: 100, ...options });
  return program.run(params, { seed, draw: evaluationDraw, onProgress, signal }).finally(() => program.dispose());
}
