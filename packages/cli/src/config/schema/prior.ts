import { z } from 'zod';
import { flowLayers } from './flow.ts';
import { describe, object, sizes, whole } from './leaves.ts';

/** Family of p(z). */
export const prior = z.discriminatedUnion(
  'kind',
  [
    object({
      kind: describe(
        z.literal('standard'),
        'family of p(z): standard is N(0, I); learned a diagonal normal; mixture of normals; vamp, the posterior over pseudo-inputs; conditional p(z|c); flow, N(0, I) through the inverse of one',
      ),
    }),
    object({ kind: z.literal('learned') }),
    object({
      kind: z.literal('mixture'),
      components: describe(whole(1).optional(), 'components of the mixture; default 10'),
    }),
    object({
      kind: z.literal('vamp'),
      pseudoInputs: describe(whole(1).optional(), 'learned pseudo-inputs of the VampPrior; default 500'),
    }),
    object({ kind: z.literal('flow'), ...flowLayers }),
    object({
      kind: z.literal('conditional'),
      hidden: describe(sizes(1).optional(), 'hidden layers from the condition to p(z|c); default none'),
    }),
  ],
  'an object whose kind is standard, learned, mixture, vamp, conditional or flow',
);
