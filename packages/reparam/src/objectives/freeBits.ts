import { maximum, mul, ReparamError, reshape, sum, type Tensor } from '@reparam/tensor';
import { analyticKl, type Distribution, Independent } from '../distributions/index.ts';
import type { Batch } from './objective.ts';

/** Σ_j max(λ, batch mean of KL_j), λ = `freeBits` (Kingma et al. 2016). Throws `unsupported` without a KL of each dimension. */
export function freeRate(q: Distribution, p: Distribution, batch: Batch, freeBits: number): Tensor {
  const perDimension = q instanceof Independent && p instanceof Independent ? analyticKl(q.base, p.base) : undefined;
  if (!perDimension) {
    throw new ReparamError('unsupported', 'free bits need the KL of each latent dimension', {
      got: 'a posterior and prior without one in closed form',
      expected: 'a diagonal posterior and prior',
    });
  }
  const weights = reshape(batch.weights, [-1, 1]);
  return sum(maximum(sum(mul(perDimension, weights), { axes: 0 }), freeBits));
}
