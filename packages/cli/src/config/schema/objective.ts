import { z } from 'zod';
import { describe, nonNegative, object, oneOf, positive, whole } from './leaves.ts';

const beta = z.union(
  [
    nonNegative(),
    z.discriminatedUnion(
      'schedule',
      [
        object({
          schedule: describe(
            z.literal('linear'),
            'linear: one rise, then constant; cyclical: the rise again and again',
          ),
          from: describe(nonNegative().optional(), 'weight at the start of a rise; default 0'),
          to: describe(nonNegative().optional(), 'weight after it; default 1'),
          epochs: describe(positive(), 'length of the rise (linear)'),
        }),
        object({
          schedule: z.literal('cyclical'),
          from: nonNegative().optional(),
          to: nonNegative().optional(),
          cycles: describe(whole(1).optional(), 'cycles in the whole run (cyclical); default 4'),
          ramp: describe(
            z.number('a number above 0, at most 1').positive().max(1, 'a number above 0, at most 1').optional(),
            'share of a cycle that the rise takes (cyclical); default 0.5',
          ),
        }),
      ],
      'an object whose schedule is linear or cyclical',
    ),
  ],
  'a number, or an object with a schedule',
);

/** What is maximised. */
export const objective = z.discriminatedUnion(
  'kind',
  [
    object({
      kind: describe(z.literal('elbo'), 'what is maximised: the ELBO or the importance-weighted bound'),
      kl: describe(oneOf(['analytic', 'sampled']).default('analytic'), 'KL in closed form, or every term sampled'),
      numSamples: describe(whole(1).default(1), 'draws of z an example'),
      beta: describe(beta.default(1), 'weight of the rate, or its schedule (linear, cyclical)'),
      freeBits: describe(nonNegative().default(0), 'nats a latent dimension may use freely'),
    }),
    object({ kind: z.literal('iwae'), numSamples: whole(1).default(5) }),
  ],
  'an object whose kind is elbo or iwae',
);
