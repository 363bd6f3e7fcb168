import { broadcastTo, foldIn, hostTensor } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import { type LinearOptions, linear } from '../nn/index.ts';
import { branch, leaf } from '../params.ts';
import type { Posterior } from './posterior.ts';

/** N(μ(x), diag σ²) with one learned σ² for all x: exact for linear models (probabilistic PCA). */
export function sharedVarianceNormal(options: LinearOptions = {}): Posterior {
  return {
    description: 'N(μ(x), diag σ²), σ² the same for every x',
    init: (key, features, latentDim) => ({
      loc: linear(latentDim, options).init(foldIn(key, 'loc'), [features]),
      logVariance: hostTensor(new Float32Array(latentDim), [latentDim]),
    }),
    distribution(params, features, latentDim, context) {
      const loc = linear(latentDim, options).apply(branch(params, 'loc'), features, context);
      return independent(normal({ loc, logVariance: broadcastTo(leaf(params, 'logVariance'), loc.shape) }));
    },
  };
}
