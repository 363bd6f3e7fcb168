import {
  add,
  grad,
  greater,
  logMeanExp,
  max,
  maximum,
  mul,
  neg,
  ReparamError,
  reshape,
  softmax,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import { type BoundDraw, drawBound, gradientOnly, requireCount, requireDensity } from './drawBound.ts';
import { type Batch, batchMean, type Objective } from './objective.ts';

/** Options of the importance-weighted bound. */
export interface IwaeOptions {
  /** Importance samples an example, k. */
  readonly numSamples?: number;
  /** How the encoder's gradient is estimated; the decoder's is the same in both. */
  readonly gradient?: 'standard' | 'doubly-reparameterised' | undefined;
}

/**
 * Importance-weighted bound: E log (1/k) Σ_i p(x, z_i)/q(z_i given x) with z_i ~ q (Burda et al. 2016). Its own
 * derivative is the paper's weighted gradient; `doubly-reparameterised` takes the encoder's from DReG (Tucker et al.
 * 2019), which has the same mean, less variance, and none where q is the posterior; it needs a posterior whose `logProb`
 * can be differentiated in z. Terms `rate` and `distortion` are averages over all k draws, so that `elbo` stays
 * comparable; `iwaeBound` is the bound itself.
 * @example iwae({ numSamples: 5, gradient: 'doubly-reparameterised' })
 */
export function iwae({ numSamples = 5, gradient = 'standard' }: IwaeOptions = {}): Objective {
  requireCount('numSamples', numSamples);
  if (gradient !== 'standard' && gradient !== 'doubly-reparameterised') {
    throw new ReparamError('config', 'gradient of the importance-weighted bound', {
      got: String(gradient),
      expected: 'standard or doubly-reparameterised',
    });
  }
  const isDouble = gradient === 'doubly-reparameterised';
  return {
    name: 'iwae',
    description: `E log (1/${numSamples}) Σ_i p(x, z_i)/q(z_i|x), ${numSamples} importance sample${numSamples > 1 ? 's' : ''} an example${isDouble ? ', doubly reparameterised encoder gradient' : ''}`,
    schedules: [],
    loss(model, params, batch, context) {
      requireDensity(model, 'the importance-weighted bound', isDouble);
      const drawn = drawBound(model, params, batch, context, { numSamples, kl: 'sampled', hold: isDouble });
      const { p, z, logQ, logLikelihood, terms } = drawn;
      const logJoint = add(logLikelihood, p.logProb(z));
      const raw = sub(logJoint, logQ);
      const floor = floorOf(raw);
      const logWeights = maximum(raw, floor);
      const bound = batchMean(logMeanExp(logWeights, { axes: 0 }), batch);
      const loss = isDouble
        ? sub(neg(bound), encoderGradient(drawn, neg(bound), { logWeights, floor }, batch))
        : neg(bound);
      return { loss, terms: { ...terms, iwaeBound: bound } };
    },
  };
}

/**
 * The largest log-weight of each example less 40, [1, B]. In float32 e^-40 = 4e-18 of a sum is nothing, but samples of less weight
 * would send denormal numbers through every product of the backward pass, at a tenth of its speed.
 */
const floorOf = (logWeights: Tensor): Tensor => sub(stopGradient(max(logWeights, { axes: 0, keepDims: true })), 40);

/**
 * With s = softmax of the log-weights over the k draws, Σ_i s_i² (∂ log w_i/∂z_i) (∂z_i/∂φ), where ∂/∂z_i holds φ inside
 * log q: the score that the standard estimator adds to it has been reparameterised a second time. `drawn` is held.
 */
function encoderGradient(
  { q, z, moving }: BoundDraw,
  negativeBound: Tensor,
  { logWeights, floor }: { logWeights: Tensor; floor: Tensor },
  { weights }: Batch,
): Tensor {
  const share = stopGradient(where(greater(logWeights, floor), softmax(logWeights, 0), 0));
  // z is a constant of its own here, so log q moves with z and not with φ. The derivative of the bound, where log q is held, has
  // a row's share in it already, and its way back through the decoder is the one the decoder's own gradient takes.
  const ofJoint = neg(grad(negativeBound, z));
  const ofPosterior = grad(sum(mul(mul(share, weights), q.logProb(z))), z);
  const direction = mul(sub(ofJoint, ofPosterior), reshape(share, [...share.shape, 1]));
  return gradientOnly(sum(mul(stopGradient(direction), moving)));
}
