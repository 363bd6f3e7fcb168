import { broadcastTo, constant, foldIn } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import { bindFlow, type Flow, pullBack } from '../flows/index.ts';
import { branch } from '../params.ts';
import type { Prior } from './prior.ts';

/**
 * log p(z) = log N(f(z); 0, I) + log abs det J_f(z), f a learned flow; in a conditional model f sees the condition. Codes are drawn
 * by its inverse: one pass of a coupling, `latentDim` passes of an autoregressive flow (refused above 64); a planar flow has none.
 * @example flowPrior(chain([coupling({ hidden: [64] }), coupling({ hidden: [64], keep: 'second' })]))
 */
export const flowPrior = (flow: Flow): Prior => ({
  description: `N(0, I) through the inverse of ${flow.description}`,
  init: (key, latentDim, { conditionSize }) => ({
    flow: flow.init(foldIn(key, 'flow'), latentDim, { features: conditionSize }),
  }),
  distribution(params, latentDim, context) {
    const { condition } = context;
    const lead = condition ? condition.shape.slice(0, -1) : [];
    const base = independent(normal({ loc: broadcastTo(constant(0), [...lead, latentDim]), scale: 1 }));
    return pullBack(base, bindFlow(flow, branch(params, 'flow') ?? {}, context.child('flow'), condition));
  },
});
