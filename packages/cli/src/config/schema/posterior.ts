import { z } from 'zod';
import { amortized, flowLayers } from './flow.ts';
import { describe, object, oneOf } from './leaves.ts';

/** Family of q(z|x). */
export const posterior = z.discriminatedUnion(
  'kind',
  [
    object({
      kind: describe(
        oneOf(['diagonal', 'shared-variance', 'full-covariance', 'delta']),
        'family of q(z|x): diagonal; shared-variance with one σ² for every x; full-covariance; delta, a point (autoencoder); flow on a diagonal one',
      ),
    }),
    object({ kind: z.literal('flow'), ...flowLayers, amortized }),
  ],
  'an object whose kind is diagonal, shared-variance, full-covariance, delta or flow',
);
