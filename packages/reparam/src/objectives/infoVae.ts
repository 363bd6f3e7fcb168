import { add, mul, ReparamError, type Tensor } from '@reparam/tensor';
import { type NoiseSite, samplesAreRows } from '../context.ts';
import { type Distribution, isReparameterizable } from '../distributions/index.ts';
import { drawBound } from './drawBound.ts';
import { type KernelOptions, squaredMmd } from './mmd.ts';
import type { Objective } from './objective.ts';

/** Options of the InfoVAE objective. */
export interface InfoVaeOptions {
  /** 1 − the weight of the rate: 0 keeps the ELBO's, 1 drops it (WAE-MMD, MMD-VAE). */
  readonly alpha?: number;
  /** The weight of the discrepancy is α + λ − 1. */
  readonly lambda?: number;
  readonly kernel?: KernelOptions | undefined;
  /** Whether pairs of a row with itself are left out of the discrepancy. */
  readonly estimator?: 'unbiased' | 'biased' | undefined;
}

/**
 * E_q log p(x given z) − (1 − α) KL(q(z given x) ‖ p(z)) − (α + λ − 1) MMD²(q(z), p(z)) (Zhao et al. 2019), the discrepancy
 * between the batch's codes and as many draws of the prior. α = 1 is the Wasserstein autoencoder with MMD (Tolstikhin et
 * al. 2018) at weight λ, for a delta or a Gaussian posterior.
 * @example infoVae({ alpha: 1, lambda: 100 })
 */
export function infoVae(options: InfoVaeOptions = {}): Objective {
  const { alpha = 1, lambda = 100, kernel = {}, estimator = 'unbiased' } = options;
  const weight = check(alpha, lambda, kernel, estimator);
  const { kind = 'imq', bandwidth } = kernel;
  return {
    name: 'infovae',
    description: `E_q log p(x|z) ${alpha === 1 ? '' : `− ${+(1 - alpha).toFixed(6)} · KL(q(z|x) ‖ p(z)) `}− ${weight} · MMD²(q(z), p(z)), ${estimator}, kernel ${kind}, bandwidth ${bandwidth ?? '√latentDim'}`,
    schedules: [],
    needsWholeBatch: true,
    loss(model, params, batch, context) {
      const { p, z, terms } = drawBound(model, params, batch, context);
      const prior = drawEach(p, context.site('mmd'), z.shape[0] as number);
      const mmd = squaredMmd(z, prior, batch.weights, kernel, estimator);
      const kept = alpha === 1 ? terms.distortion : add(terms.distortion, mul(terms.rate, 1 - alpha));
      return { loss: add(kept, mul(mmd, weight)), terms: { ...terms, mmd } };
    },
  };
}

function check(alpha: number, lambda: number, { kind = 'imq', bandwidth }: KernelOptions, estimator: string): number {
  const weight = alpha + lambda - 1;
  if (!(alpha <= 1 && weight >= 0 && Number.isFinite(weight))) {
    throw new ReparamError('config', 'weights of InfoVAE', {
      got: `alpha ${alpha}, lambda ${lambda}`,
      expected: 'alpha at most 1 and alpha + lambda − 1 not negative',
    });
  }
  if (kind !== 'imq' && kind !== 'rbf') {
    throw new ReparamError('config', 'kernel', { got: String(kind), expected: 'imq or rbf' });
  }
  if (estimator !== 'unbiased' && estimator !== 'biased') {
    throw new ReparamError('config', 'estimator', { got: estimator, expected: 'unbiased or biased' });
  }
  if (bandwidth !== undefined && !(bandwidth > 0 && Number.isFinite(bandwidth))) {
    throw new ReparamError('config', 'bandwidth of the kernel', {
      got: String(bandwidth),
      expected: 'a positive number',
    });
  }
  return weight;
}

/** One draw of the prior for each row, with a gradient where it has one; a prior without a batch is drawn that often. */
function drawEach(p: Distribution, site: NoiseSite, rows: number): Tensor {
  const draw = (s: NoiseSite, shape: readonly number[]) =>
    isReparameterizable(p) ? p.rsample(s, shape) : p.sample(s, shape);
  if (p.batchShape.length > 0) return draw(site, []);
  return draw(samplesAreRows(site), [rows]);
}
