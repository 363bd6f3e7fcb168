import { add, div, logMeanExp, mean, mul, neg, sub } from '@reparam/tensor';
import { batchMean, type Objective, type Schedule } from 'reparam';

/**
 * The variational Rényi bound of k draws, (1/τ) log (1/k) Σ_i w_i^τ with w_i = p(x, z_i)/q(z_i given x) and τ = 1 − α in
 * (0, 1] (Li and Turner 2016): the ELBO as τ → 0, the importance-weighted bound at τ = 1.
 */
export function renyi({ power, numSamples }: { readonly power: Schedule; readonly numSamples: number }): Objective {
  return {
    name: 'renyi',
    description: `E (1/τ) log (1/${numSamples}) Σ_i (p(x, z_i)/q(z_i|x))^τ, τ ${power.description}`,
    schedules: [power],
    loss(model, params, batch, context) {
      const tau = context.schedule('power', power);
      const q = model.encode(params, batch.x, context);
      const { value: z, logProb: logQ } = q.rsampleWithLogProb(context.site('z'), [numSamples]);
      const logLikelihood = model.decode(params, z, context).logProb(batch.x);
      const kl = sub(logQ, model.prior(params, context).logProb(z));
      const logWeights = sub(logLikelihood, kl);
      const bound = batchMean(div(logMeanExp(mul(logWeights, tau), { axes: 0 }), tau), batch);
      const distortion = neg(batchMean(mean(logLikelihood, { axes: 0 }), batch));
      const rate = batchMean(mean(kl, { axes: 0 }), batch);
      return { loss: neg(bound), terms: { elbo: neg(add(distortion, rate)), rate, distortion, renyiBound: bound } };
    },
  };
}
