import { foldIn } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import { type LinearOptions, linear } from '../nn/index.ts';
import { branch } from '../params.ts';
import type { Posterior } from './posterior.ts';

/** N(μ, diag σ²): linear layers give μ and log σ². */
export function diagonalNormal(options: LinearOptions = {}): Posterior {
  const head = (latentDim: number) => linear(latentDim, options);
  return {
    description: 'N(μ(x), diag σ²(x))',
    init: (key, features, latentDim) => ({
      loc: head(latentDim).init(foldIn(key, 'loc'), [features]),
      logVariance: head(latentDim).init(foldIn(key, 'logVariance'), [features]),
    }),
    distribution(params, features, latentDim, context) {
      const layer = head(latentDim);
      const loc = layer.apply(branch(params, 'loc'), features, context);
      const logVariance = layer.apply(branch(params, 'logVariance'), features, context);
      return independent(normal({ loc, logVariance }));
    },
  };
}
