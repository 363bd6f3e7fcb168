import { add, concat, logSumExp, reshape, sub, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { LatentModel } from '../models/index.ts';
import { classBound, sumsOutClasses } from '../objectives/classBound.ts';
import { requireClasses } from '../objectives/m2.ts';
import type { SymbolicParams } from '../params.ts';

/**
 * log p(x, z_i)/q(z_i given x) of `count` draws z_i ~ q(z given x): [count, B]. Where the class is a variable of the model and
 * not given, log Σ_y p(y) p(x, z_iy given y)/q(z_iy given x, y) with draws z_iy for each class.
 */
export function importanceWeights(
  model: LatentModel,
  params: SymbolicParams,
  x: Tensor,
  context: Context,
  count: number,
): Tensor {
  const { codes } = model;
  if (codes) {
    const own = codes.params(params);
    const draws = Array.from({ length: count }, (_, i) => {
      const each = context.child(`draw${i}`);
      const { value, distortion, rate } = codes.draw(params, x, each);
      return sub(importanceWeights(codes.model, own, value, each, 1), add(distortion, rate));
    });
    return concat(draws, 0);
  }
  if (!sumsOutClasses(model, context)) {
    const q = model.encode(params, x, context);
    const { value: z, logProb: logQ } = q.rsampleWithLogProb(context.site('importance'), [count]);
    return sub(add(model.decode(params, z, context).logProb(x), model.prior(params, context).logProb(z)), logQ);
  }
  const { numLabels, logPrior } = requireClasses(model);
  const draw = classBound(model, params, { x }, context, { numSamples: count, site: 'importance' });
  const { rows, logLikelihood, p, z, logQ } = draw;
  const ofClasses = rows.unlabelled!(sub(add(logLikelihood, p.logProb(z)), logQ));
  return logSumExp(add(ofClasses, reshape(logPrior(params), [numLabels, 1])), { axes: 1 });
}
