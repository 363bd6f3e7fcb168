import { z } from 'zod';
import { describe, object } from './leaves.ts';

const diagonal = object({
  kind: describe(z.literal('diagonal'), 'family of q(z|x): diagonal, or shared-variance with one σ² for every x'),
});
const sharedVariance = object({ kind: z.literal('shared-variance') });

/** Family of q(z|x). */
export const posterior = z.discriminatedUnion(
  'kind',
  [diagonal, sharedVariance],
  'an object whose kind is diagonal or shared-variance',
);
