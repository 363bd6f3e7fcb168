import { add, logMeanExp, mean, neg, ReparamError, sub } from '@reparam/tensor';
import { batchMean, type Objective } from './objective.ts';

/** Options of the importance-weighted bound. */
export interface IwaeOptions {
  /** Importance samples an example, k. */
  readonly numSamples?: number;
}

/**
 * Importance-weighted bound: E log (1/k) Σ_i p(x, z_i)/q(z_i given x) with z_i ~ q (Burda et al. 2016). Its own
 * derivative is the paper's weighted gradient. Terms `rate` and `distortion` are averages over all k draws, so that
 * `elbo` stays comparable; `iwaeBound` is the bound itself.
 * @example iwae({ numSamples: 5 })
 */
export function iwae({ numSamples = 5 }: IwaeOptions = {}): Objective {
  if (!Number.isInteger(numSamples) || numSamples < 1) {
    throw new ReparamError('config', 'numSamples', { got: String(numSamples), expected: 'a positive integer' });
  }
  return {
    name: 'iwae',
    description: `E log (1/${numSamples}) Σ_i p(x, z_i)/q(z_i|x), ${numSamples} importance sample${numSamples > 1 ? 's' : ''} an example`,
    schedules: [],
    loss(model, params, batch, context) {
      const q = model.encode(params, batch.x, context);
      const p = model.prior(params, context);
      const { value: z, logProb: logQ } = q.rsampleWithLogProb(context.site('z'), [numSamples]);
      const logLikelihood = model.decode(params, z, context).logProb(batch.x);
      const logRatio = sub(logQ, p.logProb(z));
      const bound = batchMean(logMeanExp(sub(logLikelihood, logRatio), { axes: 0 }), batch);
      const distortion = neg(batchMean(mean(logLikelihood, { axes: 0 }), batch));
      const rate = batchMean(mean(logRatio, { axes: 0 }), batch);
      return { loss: neg(bound), terms: { elbo: neg(add(distortion, rate)), rate, distortion, iwaeBound: bound } };
    },
  };
}
