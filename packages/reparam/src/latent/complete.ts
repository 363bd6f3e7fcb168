import { type Float32Tensor, hostTensor, ReparamError } from '@reparam/tensor';
import { type CompletionLayout, completionLayout, type Dataset, type Quadrant, reassemble } from '../data/index.ts';
import { requireShape } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { type SampleOptions, sample } from './sample.ts';

/** Whole pictures in the model's units, row-major, float32. */
export interface Completions {
  /** [n, values of a picture]: the missing part is 0. */
  readonly given: Float32Tensor;
  /** [n, draws, values of a picture]: means of p(x given z, c), a code z from p(z given c) for each. */
  readonly completed: Float32Tensor;
  /** [n, values of a picture]. */
  readonly truth: Float32Tensor;
}

/**
 * Completes each picture of `dataset` (a `completion` of pictures of `shape`) `draws` times, with codes from the prior.
 * @example await complete(model, params, completion(data, { missing }), { shape: data.shape, missing, draws: 5, runtime })
 */
export async function complete(
  model: LatentModel,
  params: HostParams,
  dataset: Dataset,
  options: SampleOptions & { readonly shape: readonly number[]; readonly missing: Quadrant; readonly draws: number },
): Promise<Completions> {
  const { shape, missing, draws, ...sampling } = options;
  requireShape(model, dataset);
  if (!Number.isInteger(draws) || draws < 1) {
    throw new ReparamError('config', 'number of completions', { got: String(draws), expected: 'a positive number' });
  }
  const layout: CompletionLayout = completionLayout(shape, missing);
  const { size, scale, condition } = dataset;
  const width = layout.missing.length + layout.rest.length;
  const parts = Float32Array.from(dataset.data, (value) => value * scale);
  const rest = Float32Array.from(condition!.data, (value) => value * condition!.scale);
  // Draws of one picture lie beside each other.
  const repeated = new Float32Array(draws * rest.length);
  for (let row = 0; row < size; row++) {
    const own = rest.subarray(row * layout.rest.length, (row + 1) * layout.rest.length);
    for (let k = 0; k < draws; k++) repeated.set(own, (row * draws + k) * layout.rest.length);
  }
  const given = { condition: hostTensor(repeated, [size * draws, layout.rest.length]) };
  const { mean } = await sample(model, params, size * draws, { ...sampling, ...given });
  return {
    given: hostTensor(reassemble(layout, new Float32Array(parts.length), rest), [size, width]),
    completed: hostTensor(reassemble(layout, mean.data, repeated), [size, draws, width]),
    truth: hostTensor(reassemble(layout, parts, rest), [size, width]),
  };
}
