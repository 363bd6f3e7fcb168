import { z } from 'zod';
import { describe, object, oneOf, positive } from './leaves.ts';

const likelihoodKind = 'bernoulli for values in [0, 1], gaussian for real ones';
const bernoulli = object({ kind: describe(z.literal('bernoulli'), likelihoodKind) });
const gaussian = object({
  kind: describe(z.literal('gaussian'), likelihoodKind),
  scale: describe(
    z
      .union([positive(), oneOf(['shared', 'per-dimension'])], 'a positive number, shared or per-dimension')
      .default('shared'),
    'standard deviation: fixed, or learned',
  ),
  initialScale: describe(positive().optional(), 'where a learned standard deviation starts'),
});

/** Family of p(x|z). */
export const likelihood = describe(
  z.discriminatedUnion('kind', [bernoulli, gaussian], 'an object whose kind is bernoulli or gaussian'),
  'family of p(x|z)',
);
