import {
  add,
  grad,
  mapTree,
  mul,
  neg,
  ReparamError,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { type Distribution, Independent, Normal } from '../distributions/index.ts';
import type { SymbolicParams } from '../params.ts';
import { requireDensity } from './drawBound.ts';
import { type Batch, batchMean, type Objective } from './objective.ts';
import { deterministic, requireSmooth } from './smooth.ts';

/** Options of the Fisher autoencoder. */
export interface FisherOptions {
  /**
   * `theorem`: the published loss. `reference`: with the two differences the authors' code is said to have: the
   * x-derivative of log q moves z as well, and the decoder has no gradient through ∇_z log p(x given z).
   */
  readonly mode?: 'theorem' | 'reference';
}

const doing = 'the Fisher objective';

/**
 * Experimental. Minimises the Fisher divergence between p*(x) q(z given x) and p(x, z) (Elkhalil et al. 2021): the mean
 * over data and q of ½‖∇_z log q(z given x) − ∇_z log p(x given z) − ∇_z log p(z)‖² + ½‖∂_x log q(z given x)‖² (z held) +
 * ½‖∇_x log p(x given z)‖² + Δ_x log p(x given z). Needs a Gaussian likelihood, smooth activations, no dropout and no
 * batch normalisation. Fits far worse than maximum likelihood (arXiv 2210.13390).
 * @example fisher()
 */
export function fisher({ mode = 'theorem' }: FisherOptions = {}): Objective {
  if (mode !== 'theorem' && mode !== 'reference') {
    throw new ReparamError('config', 'mode of the Fisher objective', {
      got: String(mode),
      expected: 'theorem or reference',
    });
  }
  const isTheorem = mode === 'theorem';
  return {
    name: 'fisher',
    description: `minus the Fisher divergence of q(z|x) p*(x) and p(x, z), up to a constant${isTheorem ? '' : ', as in the reference code'} (experimental)`,
    schedules: [],
    loss(model, params, batch, context) {
      requireDensity(model, doing, true);
      const { x } = batch;
      const plain = deterministic(context, doing);
      const q = model.encode(params, x, plain);
      const p = model.prior(params, plain);
      const { value: z, logProb: logQ } = q.rsampleWithLogProb(context.site('z'));
      const decode = (with_: SymbolicParams) => model.decode(with_, z, plain);
      const likelihood = decode(params);
      requireGaussian(likelihood);
      const logLikelihood = likelihood.logProb(x);
      const [posterior, prior] = [q.logProb(z), p.logProb(z)];
      requireSmooth([posterior, prior, logLikelihood], [x, z], doing);

      // Rows do not depend on each other: the gradient of a sum over rows holds each row's own.
      const held = isTheorem ? logLikelihood : decode(stopped(params)).logProb(x);
      const scoreOfModel = grad(add(sum(held), sum(prior)), z, { hold: [x] });
      const mismatch = sub(grad(sum(posterior), z, { hold: [x] }), scoreOfModel);
      const encoderScore = grad(sum(posterior), x, isTheorem ? { hold: [z] } : {});
      const dataScore = grad(sum(logLikelihood), x, { hold: [z] });
      // Values are independent given z: the Hessian in x is diagonal, and its rows add up to its diagonal.
      const laplacian = grad(sum(dataScore), x, { hold: [z] });

      const posteriorMismatch = batchMean(halfSquare(mismatch), batch);
      const encoderSensitivity = batchMean(halfSquare(encoderScore), batch);
      const dataMismatch = batchMean(add(halfSquare(dataScore), sum(laplacian, { axes: -1 })), batch);
      const loss = add(add(posteriorMismatch, encoderSensitivity), dataMismatch);
      return {
        loss,
        terms: {
          ...bound(logLikelihood, sub(logQ, prior), batch),
          posteriorMismatch,
          encoderSensitivity,
          dataMismatch,
        },
      };
    },
  };
}

/** ½‖v‖² of each row. */
const halfSquare = (v: Tensor): Tensor => mul(sum(square(v), { axes: -1 }), 0.5);

const stopped = (params: SymbolicParams): SymbolicParams =>
  mapTree<SymbolicParams, Tensor, Tensor>(params, stopGradient) as SymbolicParams;

function bound(logLikelihood: Tensor, logRatio: Tensor, batch: Batch) {
  const distortion = neg(batchMean(logLikelihood, batch));
  const rate = batchMean(logRatio, batch);
  return { elbo: neg(add(distortion, rate)), rate, distortion };
}

function requireGaussian(likelihood: Distribution): void {
  if (likelihood instanceof Independent && likelihood.base instanceof Normal) return;
  throw new ReparamError('unsupported', `${doing} needs a Gaussian likelihood`, {
    got: 'a likelihood of discrete values, or with a density that has kinks or ends',
    expected: 'a density with two derivatives in x, on all of the real line',
    fix: 'Set likelihood to {"kind": "gaussian"}',
  });
}
