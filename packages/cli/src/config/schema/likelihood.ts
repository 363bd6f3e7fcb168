import { z } from 'zod';
import { describe, object, oneOf, positive, whole } from './leaves.ts';

const kinds =
  'bernoulli for bits; gaussian, laplace for real values; continuous-bernoulli for values in [0, 1]; categorical, discretized-logistic for bytes; the others for counts';
const kind = <const T extends string>(name: T) => describe(z.literal(name), kinds);

const locationScale = {
  scale: describe(
    z
      .union([positive(), oneOf(['shared', 'per-dimension'])], 'a positive number, shared or per-dimension')
      .default('shared'),
    'standard deviation (gaussian) or scale (laplace): fixed, or learned',
  ),
  initialScale: describe(positive().optional(), 'where a learned scale starts; default 0.5'),
};
const dispersed = {
  dispersion: describe(
    oneOf(['shared', 'per-dimension', 'per-value']).default('per-dimension'),
    'r in the variance m + m²/r: one for all values, one for each, or an output of the decoder',
  ),
  initialDispersion: describe(positive().optional(), 'where the dispersion starts; default 1'),
};

/** Family of p(x|z). */
export const likelihood = describe(
  z.discriminatedUnion(
    'kind',
    [
      object({ kind: kind('bernoulli') }),
      object({ kind: kind('gaussian'), ...locationScale }),
      object({ kind: kind('laplace'), ...locationScale }),
      object({ kind: kind('continuous-bernoulli') }),
      object({ kind: kind('categorical') }),
      object({
        kind: kind('discretized-logistic'),
        components: describe(whole(1).default(1), 'components of the mixture for each value (discretized-logistic)'),
        minLogScale: describe(
          z.number('a number').default(-7),
          'log-scales below this count as this (discretized-logistic)',
        ),
      }),
      object({ kind: kind('poisson') }),
      object({ kind: kind('negative-binomial'), ...dispersed }),
      object({ kind: kind('zero-inflated-negative-binomial'), ...dispersed }),
    ],
    'an object whose kind is bernoulli, gaussian, laplace, continuous-bernoulli, categorical, discretized-logistic, poisson, negative-binomial or zero-inflated-negative-binomial',
  ),
  'family of p(x|z)',
);
