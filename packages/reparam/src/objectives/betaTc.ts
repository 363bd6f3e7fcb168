import {
  add,
  div,
  greater,
  log,
  logSumExp,
  maximum,
  mul,
  ReparamError,
  reshape,
  sub,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import { type Distribution, Independent, type Reparameterizable } from '../distributions/index.ts';
import { asSchedule, type ScheduleLike } from '../optim/index.ts';
import { drawBound, requireNumber } from './drawBound.ts';
import { isDiagonal } from './isDiagonal.ts';
import { type Batch, batchMean, type Objective } from './objective.ts';

/** Options of the β-TC objective. */
export interface BetaTcOptions {
  /** Weight of the total correlation: a number or a schedule. */
  readonly beta?: ScheduleLike;
  /** Weight of the mutual information of example and code. */
  readonly alpha?: number | undefined;
  /** Weight of the KL of each dimension's aggregate to the prior. */
  readonly gamma?: number | undefined;
  /**
   * How the aggregate q(z) = (1/N) Σ_n q(z given x_n) is estimated from a batch of M: `stratified`: the example's own
   * component with weight 1/N, each other one with (N − 1)/(N (M − 1)), which is unbiased for q(z), and exact when the
   * batch is the whole set; `weighted`: every component with 1/(N M), which estimates less than q(z).
   */
  readonly estimator?: 'stratified' | 'weighted' | undefined;
}

/**
 * E_q log p(x given z) − α I(n; z) − β TC − γ Σ_j KL(q(z_j) ‖ p(z_j)) (Chen et al. 2018): the averaged rate, cut into the
 * mutual information of example and code, log q(z) − Σ_j log q(z_j), and what is left against the prior. At
 * α = β = γ = 1 it is the ELBO. One draw of z an example; needs a posterior whose dimensions are independent.
 * @example betaTc({ beta: 6 })
 */
export function betaTc({ beta = 6, alpha = 1, gamma = 1, estimator = 'stratified' }: BetaTcOptions = {}): Objective {
  if (typeof beta === 'number') requireNumber('beta', beta);
  requireNumber('alpha', alpha);
  requireNumber('gamma', gamma);
  if (estimator !== 'stratified' && estimator !== 'weighted') {
    throw new ReparamError('config', 'estimator', { got: String(estimator), expected: 'stratified or weighted' });
  }
  const weight = asSchedule(beta);
  return {
    name: 'beta-tc',
    description: `E_q log p(x|z) − ${alpha} · I(n; z) − ${typeof beta === 'number' ? beta : `(${weight.description})`} · TC − ${gamma} · Σ_j KL(q(z_j) ‖ p(z_j)), q(z) from the batch (${estimator})`,
    schedules: [weight],
    needsWholeBatch: true,
    loss(model, params, batch, context) {
      const { q, p, z, logQ, terms } = drawBound(model, params, batch, context);
      const perDimension = componentsAt(q, z);
      const logShare = logShares(batch, context.datasetSize, estimator);
      const joint = logSumExp(add(sum(perDimension, { axes: -1 }), logShare), { axes: 1 });
      const withShare = add(perDimension, reshape(logShare, [...logShare.shape, 1]));
      const product = sum(logSumExp(withShare, { axes: 1 }), { axes: -1 });

      const mutualInformation = batchMean(sub(logQ, joint), batch);
      const totalCorrelation = batchMean(sub(joint, product), batch);
      const dimensionwiseKl = batchMean(sub(product, p.logProb(z)), batch);
      const correlated = mul(totalCorrelation, context.schedule('beta', weight));
      const cost = add(add(mul(mutualInformation, alpha), correlated), mul(dimensionwiseKl, gamma));
      return {
        loss: add(terms.distortion, cost),
        terms: { ...terms, mutualInformation, totalCorrelation, dimensionwiseKl },
      };
    },
  };
}

/** log q(z_b,j given x_c) of every draw b under every component c: [B, B, latentDim]. */
function componentsAt(q: Reparameterizable, z: Tensor): Tensor {
  const base: Distribution | undefined = q instanceof Independent && q.rank === 1 ? q.base : undefined;
  if (base?.eventRank !== 0) {
    throw new ReparamError('unsupported', 'the total correlation needs q(z_j|x) of each latent dimension', {
      got: 'a posterior whose dimensions depend on each other',
      expected: 'a diagonal posterior',
    });
  }
  const [rows, latentDim] = z.shape as [number, number];
  return base.logProb(reshape(z, [rows, 1, latentDim]));
}

/** Logarithm of the weight of component c in the aggregate at the draw of row b: [B, B]; of padding, as good as −∞. */
function logShares({ weights }: Batch, datasetSize: number, estimator: 'stratified' | 'weighted'): Tensor {
  const rows = weights.shape[0] as number;
  const row = reshape(weights, [1, rows]);
  if (estimator === 'weighted') return logOf(div(row, datasetSize));
  const own = reshape(weights, [rows, 1]);
  // w/(1 − w) = 1/(n − 1) for n real rows of weight 1/n; one alone has no others.
  const others = mul(div(row, maximum(sub(1, own), 1e-6)), (datasetSize - 1) / datasetSize);
  return logOf(where(isDiagonal(rows), 1 / datasetSize, others));
}

const logOf = (share: Tensor): Tensor => where(greater(share, 0), log(maximum(share, 1e-30)), -1e30);
