import { foldIn, ReparamError, split } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import { linear, type MlpOptions, mlp, requireCondition } from '../nn/index.ts';
import { branch } from '../params.ts';
import type { Prior } from './prior.ts';

/** The network of a conditional prior. */
export interface ConditionalNormalOptions extends MlpOptions {
  /** Sizes of its hidden layers; default none, which for one-hot labels is a normal of its own for each class. */
  readonly hidden?: readonly number[];
}

/** p(z given c) = N(μ(c), diag σ²(c)), a learned network of the condition (Sohn et al. 2015). */
export function conditionalNormal({ hidden = [], ...options }: ConditionalNormalOptions = {}): Prior {
  const network = mlp(hidden, { activation: 'tanh', ...options });
  return {
    description: 'N(μ(c), diag σ²(c)), learned',
    init(key, latentDim, { conditionSize }) {
      if (conditionSize === undefined) {
        throw new ReparamError('config', 'a conditional prior needs a conditional model', {
          got: 'a model without a condition',
          fix: 'Set model.condition, or use another prior',
        });
      }
      const features = network.outputShape([conditionSize]);
      return {
        network: network.init(foldIn(key, 'network'), [conditionSize]),
        output: linear(2 * latentDim).init(foldIn(key, 'output'), features),
      };
    },
    distribution(params, latentDim, context) {
      const h = network.apply(branch(params, 'network'), requireCondition(context), context.child('network'));
      const both = linear(2 * latentDim).apply(branch(params, 'output'), h, context);
      const [loc, logVariance] = split(both, -1, [latentDim, latentDim]);
      return independent(normal({ loc: loc!, logVariance: logVariance! }));
    },
  };
}
