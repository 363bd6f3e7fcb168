import {
  add,
  broadcastTo,
  cast,
  matmul,
  mul,
  ReparamError,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { Independent, Normal, type Reparameterizable } from '../distributions/index.ts';
import { drawBound, requireNumber } from './drawBound.ts';
import { isDiagonal } from './isDiagonal.ts';
import type { Batch, Objective } from './objective.ts';

/** Options of DIP-VAE. */
export interface DipOptions {
  /** Whose covariance is drawn to I: `i`, of the posterior means; `ii`, of the codes, E Cov(z given x) + Cov E(z given x). */
  readonly variant?: 'i' | 'ii';
  /** Weight of the squared entries off the diagonal. */
  readonly offDiagonal?: number;
  /** Weight of the squared distances of the diagonal from 1; default: 10 times `offDiagonal` for `i`, as much for `ii`. */
  readonly diagonal?: number | undefined;
}

/**
 * ELBO − λ_od Σ_{i≠j} C_ij² − λ_d Σ_i (C_ii − 1)², C the covariance of the batch's posterior means or of its codes (Kumar
 * et al. 2018).
 * @example dip({ variant: 'ii', offDiagonal: 10 })
 */
export function dip({ variant = 'ii', offDiagonal = 10, diagonal }: DipOptions = {}): Objective {
  if (variant !== 'i' && variant !== 'ii') {
    throw new ReparamError('config', 'variant of DIP-VAE', { got: String(variant), expected: 'i or ii' });
  }
  const onDiagonal = diagonal ?? (variant === 'i' ? 10 * offDiagonal : offDiagonal);
  requireNumber('offDiagonal', offDiagonal);
  requireNumber('diagonal', onDiagonal);
  const what = variant === 'i' ? 'Cov E(z|x)' : 'Cov z';
  return {
    name: 'dip',
    description: `ELBO − ${offDiagonal} · Σ_{i≠j} C_ij² − ${onDiagonal} · Σ_i (C_ii − 1)², C = ${what} over the batch`,
    schedules: [],
    needsWholeBatch: true,
    loss(model, params, batch, context) {
      const { q, terms } = drawBound(model, params, batch, context);
      const c = covariance(q, batch, variant);
      const identity = cast(isDiagonal(c.shape[0] as number), 'float32');
      const covarianceOffDiagonal = sum(square(mul(c, sub(1, identity))));
      const covarianceDiagonal = sum(square(mul(sub(c, 1), identity)));
      const penalty = add(mul(covarianceOffDiagonal, offDiagonal), mul(covarianceDiagonal, onDiagonal));
      return {
        loss: add(add(terms.distortion, terms.rate), penalty),
        terms: { ...terms, covarianceOffDiagonal, covarianceDiagonal },
      };
    },
  };
}

/** [latentDim, latentDim], with 1/n. */
function covariance(q: Reparameterizable, { weights }: Batch, variant: 'i' | 'ii'): Tensor {
  const each = reshape(weights, [-1, 1]);
  const centred = sub(q.mean, sum(mul(q.mean, each), { axes: 0, keepDims: true }));
  const ofMeans = matmul(mul(centred, each), centred, { transA: true });
  if (variant === 'i') return ofMeans;
  if (!(q instanceof Independent && q.base instanceof Normal)) {
    throw new ReparamError('unsupported', 'DIP-VAE II needs the variances of q(z|x)', {
      got: 'a posterior without them',
      expected: 'a diagonal normal posterior',
      fix: 'Use variant i',
    });
  }
  const variances = sum(mul(broadcastTo(square(q.base.scale), q.mean.shape), each), { axes: 0 });
  return add(ofMeans, mul(variances, cast(isDiagonal(variances.shape[0] as number), 'float32')));
}
