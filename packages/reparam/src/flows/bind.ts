import type { Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { SymbolicParams } from '../params.ts';
import type { Flow } from './flow.ts';
import type { BoundFlow } from './pushForward.ts';
import { mapAsRows } from './rows.ts';

/** `flow` with its parameters and features [B, k], for values [..., dim]. */
export const bindFlow = (flow: Flow, params: SymbolicParams, context: Context, features?: Tensor): BoundFlow => {
  const { inverse } = flow;
  return {
    description: flow.description,
    forward: (x) => mapAsRows((rows, own) => flow.forward(params, rows, context, own), x, features),
    inverse: inverse && ((z) => mapAsRows((rows, own) => inverse(params, rows, context, own), z, features)),
  };
};
