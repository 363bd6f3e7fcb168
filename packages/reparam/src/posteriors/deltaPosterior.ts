import { delta } from '../distributions/index.ts';
import { type LinearOptions, linear } from '../nn/index.ts';
import type { Posterior } from './posterior.ts';

/**
 * A point mass at μ(x): the model is an autoencoder. Its rate is 0 by definition, and what is left of the bound is the
 * log-likelihood of the reconstruction, which bounds nothing.
 */
export const deltaPosterior = (options: LinearOptions = {}): Posterior => ({
  description: 'point mass at μ(x)',
  bound: 'none',
  init: (key, features, latentDim) => linear(latentDim, options).init(key, [features]),
  distribution: (params, features, latentDim, context) =>
    delta({ loc: linear(latentDim, options).apply(params, features, context) }),
});
