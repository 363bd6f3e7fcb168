import { foldIn } from '@reparam/tensor';
import { bindFlow, type Flow, PushForward } from '../flows/index.ts';
import { branch } from '../params.ts';
import { diagonalNormal } from './diagonalNormal.ts';
import type { Posterior } from './posterior.ts';

/** Options of a posterior made by a flow. */
export interface FlowPosteriorOptions {
  /** Read from noise to code; it needs no inverse. */
  readonly flow: Flow;
  /** Where the flow starts; default a diagonal normal. */
  readonly base?: Posterior;
  /** Whether the flow sees the encoder's features, or is the same for every x; default true. */
  readonly amortized?: boolean;
}

/**
 * z = f(z₀) with z₀ ~ q₀(z₀ given x): log q(z given x) = log q₀(z₀ given x) − log abs det J_f(z₀) (Rezende and Mohamed 2015). Draws come
 * with their density. The rate has no closed form, nor has the posterior's mean: where a mean is asked for, it is the image
 * of the base's.
 * @example flowPosterior({ flow: chain([inverseAutoregressive({ hidden: [320] }), permute('reverse')]) })
 */
export function flowPosterior({ flow, base = diagonalNormal(), amortized = true }: FlowPosteriorOptions): Posterior {
  return {
    description: `${base.description} → ${flow.description}`,
    init: (key, features, latentDim) => ({
      base: base.init(foldIn(key, 'base'), features, latentDim),
      flow: flow.init(foldIn(key, 'flow'), latentDim, amortized ? { features } : {}),
    }),
    distribution(params, features, latentDim, context) {
      const start = base.distribution(branch(params, 'base'), features, latentDim, context.child('base'));
      const own = branch(params, 'flow') ?? {};
      return new PushForward(start, bindFlow(flow, own, context.child('flow'), amortized ? features : undefined));
    },
  };
}
