import { type Float32Tensor, hostTensor, normalQuantile, ReparamError } from '@reparam/tensor';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { decodeMeans } from './decodeMeans.ts';
import type { LatentOptions } from './options.ts';
import { priorScale } from './priorScale.ts';

/** A square of codes and what they decode to, float32. */
export interface Manifold {
  /** Codes [size², 2], row by row. */
  readonly z: Float32Tensor;
  /** Their decoded means [size², dataSize]. */
  readonly mean: Float32Tensor;
}

/**
 * Decodes a `size` × `size` grid that cuts the plane of a two-dimensional latent space into cells of equal probability
 * under the prior: quantiles (i + ½)/size. As in a plot, z₀ grows to the right and z₁ upwards (Kingma and Welling 2014,
 * figure 4). Throws `config` for models with another number of latent dimensions.
 */
export async function manifold(
  model: LatentModel,
  params: HostParams,
  size: number,
  options: LatentOptions,
): Promise<Manifold> {
  if (model.latentDim !== 2) {
    throw new ReparamError('config', 'a manifold needs two latent dimensions', {
      got: `a model with ${model.latentDim}`,
      expected: '2',
      fix: 'Train the preset vae-2d, or look at this model with traverse or interpolate',
    });
  }
  if (!Number.isInteger(size) || size < 1) {
    throw new ReparamError('config', 'size of a manifold', { got: String(size), expected: 'a positive whole number' });
  }
  const value = priorScale(model, params, options.condition);
  const score = (i: number) => normalQuantile((i + 0.5) / size);
  const data = new Float32Array(2 * size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      data.set([value(0, score(column)), value(1, score(size - 1 - row))], 2 * (row * size + column));
    }
  }
  const z = hostTensor(data, [size * size, 2]);
  return { z, mean: await decodeMeans(model, params, z, options) };
}
