import { add, maximum, mean, mul, neg, ReparamError, reshape, sub, sum, type Tensor } from '@reparam/tensor';
import type { Distribution, Reparameterizable } from '../distributions/index.ts';
import { analyticKl, Independent } from '../distributions/index.ts';
import type { ScheduleLike } from '../optim/index.ts';
import { asSchedule } from '../optim/index.ts';
import { type Batch, batchMean, type Objective } from './objective.ts';

/** Options of the ELBO. */
export interface ElboOptions {
  /** `analytic`: KL(q ‖ p) in closed form where there is one (form B); `sampled`: every term from the draws (form A). */
  readonly kl?: 'analytic' | 'sampled';
  /** Draws of z an example. */
  readonly numSamples?: number;
  /** Weight of the rate: 1 is the ELBO, 0 reconstruction only; a number or a schedule. */
  readonly beta?: ScheduleLike;
  /** Nats each latent dimension may use before it costs anything: Σ_j max(λ, batch mean of KL_j) (Kingma et al. 2016). */
  readonly freeBits?: number;
}

/**
 * Evidence lower bound: E_q log p(x given z) − β KL(q(z given x) ‖ p(z)), in nats per example.
 * @example elbo({ beta: linearWarmup({ epochs: 10 }) })
 */
export function elbo({ kl = 'analytic', numSamples = 1, beta = 1, freeBits = 0 }: ElboOptions = {}): Objective {
  if (!Number.isInteger(numSamples) || numSamples < 1) {
    throw new ReparamError('config', 'numSamples', { got: String(numSamples), expected: 'a positive integer' });
  }
  if (typeof beta === 'number' && !(beta >= 0)) {
    throw new ReparamError('config', 'beta', { got: String(beta), expected: 'a number, 0 or more, or a schedule' });
  }
  if (!(freeBits >= 0)) {
    throw new ReparamError('config', 'freeBits', { got: String(freeBits), expected: 'a number of nats, 0 or more' });
  }
  const weight = asSchedule(beta);
  const isPlain = typeof beta === 'number' && beta === 1 && freeBits === 0;
  const penalty = freeBits ? `Σ_j max(${freeBits}, KL_j)` : 'KL(q(z|x) ‖ p(z))';
  const form = kl === 'analytic' ? 'KL in closed form' : 'all terms sampled';
  return {
    name: 'elbo',
    description: `E_q log p(x|z) − ${isPlain ? '' : `(${weight.description}) · `}${penalty}, ${form}, ${numSamples} draw${numSamples > 1 ? 's' : ''} of z an example`,
    schedules: [weight],
    // The floor is under an average over the batch.
    needsWholeBatch: freeBits > 0,
    loss(model, params, batch, context) {
      const q = model.encode(params, batch.x, context);
      const p = model.prior(params, context);
      // With one draw there is no sample axis: products stay matrices.
      const sampleShape = numSamples === 1 ? [] : [numSamples];
      const overSamples = (t: Tensor) => (numSamples === 1 ? t : mean(t, { axes: 0 }));
      const { value: z, logProb: logQ } = q.rsampleWithLogProb(context.site('z'), sampleShape);
      const likelihood = model.decode(params, z, context);
      const logLikelihood = overSamples(likelihood.logProb(batch.x));
      const exact = kl === 'analytic' ? analyticKl(q, p) : undefined;
      const ratePerRow = exact ?? overSamples(sub(logQ, p.logProb(z)));

      const distortion = neg(batchMean(logLikelihood, batch));
      const rate = batchMean(ratePerRow, batch);
      const bound = neg(add(distortion, rate));
      const charged = freeBits ? freeRate(q, p, batch, freeBits) : rate;
      const loss = isPlain ? neg(bound) : add(distortion, mul(charged, context.schedule('beta', weight)));
      return { loss, terms: { elbo: bound, rate, distortion, ...(freeBits && { chargedRate: charged }) } };
    },
  };
}

/** Σ_j max(λ, batch mean of KL_j). */
function freeRate(q: Reparameterizable, p: Distribution, batch: Batch, freeBits: number): Tensor {
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
