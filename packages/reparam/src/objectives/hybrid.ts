import { add, mean, mul, neg, ReparamError, type Tensor } from '@reparam/tensor';
import { isReparameterizable } from '../distributions/index.ts';
import type { LatentModel } from '../models/latentModel.ts';
import type { SymbolicParams } from '../params.ts';
import { drawBound, requireCount } from './drawBound.ts';
import { type Batch, batchMean, type Objective, type ObjectiveContext } from './objective.ts';

/** Options of the hybrid objective. */
export interface HybridOptions {
  /** Weight α of the conditional VAE's bound, from 0 (GSNN alone) to 1. */
  readonly alpha?: number;
  /** Draws of z an example, for each of the two parts. */
  readonly numSamples?: number;
}

/**
 * α · [E_q(z given x,c) log p(x given z, c) − KL(q ‖ p(z given c))] + (1 − α) · E_p(z given c) log p(x given z, c): the bound
 * of a conditional VAE and the objective of a Gaussian stochastic neural network, which draws z as prediction does (Sohn
 * et al. 2015). The second part is also a bound on log p(x given c), the one with q := p(z given c); term `gsnn`. The other
 * terms are the first part's, unless α = 0 leaves it out: then they are those of q := p, and the rate is 0.
 * @example hybrid({ alpha: 0.5 })
 */
export function hybrid({ alpha = 0.5, numSamples = 1 }: HybridOptions = {}): Objective {
  requireCount('numSamples', numSamples);
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new ReparamError('config', 'alpha', { got: String(alpha), expected: 'a number from 0 to 1' });
  }
  const draws = `${numSamples} draw${numSamples > 1 ? 's' : ''} of z an example`;
  const conditional = 'E_q log p(x|z,c) − KL(q(z|x,c) ‖ p(z|c))';
  const predicted = 'E_p(z|c) log p(x|z,c)';
  return {
    name: alpha === 0 ? 'gsnn' : 'hybrid',
    description: `${alpha === 0 ? predicted : `${alpha} · (${conditional}) + ${+(1 - alpha).toFixed(6)} · ${predicted}`}, ${draws}`,
    schedules: [],
    loss(model, params, batch, context) {
      const predictive = predictiveBound(model, params, batch, context, numSamples);
      if (alpha === 0) {
        const terms = { elbo: predictive, rate: mul(predictive, 0), distortion: neg(predictive), gsnn: predictive };
        return { loss: neg(predictive), terms };
      }
      const { terms } = drawBound(model, params, batch, context, numSamples === 1 ? {} : { numSamples });
      const total = add(mul(terms.elbo, alpha), mul(predictive, 1 - alpha));
      return { loss: neg(total), terms: { ...terms, gsnn: predictive } };
    },
  };
}

/**
 * The objective of a Gaussian stochastic neural network, E_p(z given c) log p(x given z, c): `hybrid` with α = 0. The encoder
 * is not trained, so figures that draw from it say nothing of the model.
 */
export const gsnn = (options: Omit<HybridOptions, 'alpha'> = {}): Objective => hybrid({ ...options, alpha: 0 });

/** E_p(z given c) log p(x given z, c), averaged over the batch. */
function predictiveBound(
  model: LatentModel,
  params: SymbolicParams,
  batch: Batch,
  context: ObjectiveContext,
  numSamples: number,
): Tensor {
  const p = model.prior(params, context);
  if (!isReparameterizable(p) || model.conditionSize === undefined) {
    throw new ReparamError('unsupported', 'prediction draws z from the prior of a conditional model', {
      got: `${model.conditionSize === undefined ? 'a model without a condition' : 'a prior whose draws have no gradient'}: ${model.describe().prior}`,
      expected: 'a conditional model with a normal prior',
    });
  }
  const rows = batch.x.shape[0] as number;
  const hasRows = p.batchShape.length > 0;
  const site = context.site('z/predicted');
  const shape = hasRows ? [] : [rows];
  const lead = numSamples === 1 ? [] : [numSamples];
  const z = p.rsample({ ...site, draw: (kind, drawn) => site.draw(kind, drawn, lead.length) }, [...lead, ...shape]);
  const logLikelihood = model.decode(params, z, context.child('predicted')).logProb(batch.x);
  return batchMean(numSamples === 1 ? logLikelihood : mean(logLikelihood, { axes: 0 }), batch);
}
