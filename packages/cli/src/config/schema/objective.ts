import { z } from 'zod';
import { describe, nonNegative, object, oneOf, positive, share, whole } from './leaves.ts';

/** A number, or how it changes in the course of training. */
const followed = z.union(
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

const capacity = object({
  gamma: describe(nonNegative(), 'weight of the distance of the rate from its capacity'),
  nats: describe(followed, 'capacity in nats an example, or its schedule'),
});

const kernel = object({
  kind: describe(
    oneOf(['imq', 'rbf']).default('imq'),
    'kernel of the discrepancy: inverse multiquadratic, or squared exponential',
  ),
  bandwidth: describe(positive().optional(), 'its bandwidth; default √latentDim'),
});

const dual = object({
  rate: describe(positive(), 'ρ: after each step λ ← max(0, λ + ρ (cross-entropy − ε))'),
  start: describe(nonNegative().optional(), 'λ of the first step; default 0'),
});

const consistency = object({
  weight: describe(followed, 'γ, weight of the cross-entropy between predictions from x and from its reconstruction'),
  reconstruction: describe(
    oneOf(['mean', 'sample']).optional(),
    'the mean of p(x|z) (default), or a draw with a gradient',
  ),
  temperature: describe(positive().optional(), 'of the relaxed draw of bits; default 0.5'),
  labelled: describe(
    oneOf(['prediction', 'label']).optional(),
    'what labelled rows are held to: the prediction from x (default), or the label',
  ),
});

const labelPrior = object({
  weight: describe(nonNegative(), 'weight of the cross-entropy of the mean prediction of unlabelled rows'),
  probabilities: describe(
    z.array(z.number('a number')).min(1, 'at least one number').optional(),
    'of each class, or of each label being 1; default: all alike',
  ),
});

const baseline = z.union(
  [oneOf(['none', 'leave-one-out', 'batch']), z.number()],
  'none, leave-one-out, batch or a number',
);

/** What is maximised. */
export const objective = z.discriminatedUnion(
  'kind',
  [
    object({
      kind: describe(z.literal('elbo'), 'what is maximised'),
      kl: describe(oneOf(['analytic', 'sampled']).default('analytic'), 'KL in closed form, or every term sampled'),
      numSamples: describe(whole(1).default(1), 'draws of z an example'),
      beta: describe(followed.default(1), 'weight of the rate (of the total correlation), or its schedule'),
      freeBits: describe(nonNegative().default(0), 'nats a latent dimension may use freely'),
      capacity: describe(capacity.optional(), 'hold the rate near a number of nats, in place of beta (elbo)'),
      gradient: describe(
        oneOf(['reparameterised', 'score-function']).optional(),
        'how the gradient passes the draw (elbo: reparameterised or score-function; iwae: standard or doubly-reparameterised)',
      ),
      baseline: describe(baseline.optional(), 'of the score-function gradient: none, leave-one-out, batch or a number'),
    }),
    object({
      kind: z.literal('iwae'),
      numSamples: whole(1).default(5),
      gradient: oneOf(['standard', 'doubly-reparameterised']).optional(),
    }),
    object({
      kind: z.literal('beta-tc'),
      beta: followed.default(6),
      alpha: describe(
        z.number('a number').optional(),
        'weight of the mutual information (beta-tc); 1 − the weight of the rate (infovae); weight of the bound, the rest is that of prediction (hybrid); weight of the labels’ cross-entropy (m2)',
      ),
      gamma: describe(nonNegative().optional(), 'weight of the dimension-wise KL (beta-tc)'),
      estimator: describe(
        oneOf(['stratified', 'weighted']).optional(),
        'beta-tc: stratified or weighted; infovae: unbiased or biased',
      ),
    }),
    object({
      kind: z.literal('infovae'),
      alpha: z.number('a number').default(1),
      lambda: describe(
        nonNegative().default(100),
        'alpha + lambda − 1 weighs the discrepancy (infovae); weight of the label loss, or its schedule, default 100 (prediction-constrained)',
      ),
      kernel: describe(kernel.optional(), 'kernel of the discrepancy (infovae)'),
      estimator: oneOf(['unbiased', 'biased']).optional(),
    }),
    object({
      kind: z.literal('dip'),
      variant: describe(oneOf(['i', 'ii']).default('ii'), 'covariance of the means (i) or of the codes (ii) (dip)'),
      offDiagonal: describe(nonNegative().default(10), 'weight of the squared covariances (dip)'),
      diagonal: describe(nonNegative().optional(), 'weight of the squared distances of variances from 1 (dip)'),
    }),
    object({
      kind: z.literal('fisher'),
      mode: describe(oneOf(['theorem', 'reference']).default('theorem'), 'the published loss, or the code’s (fisher)'),
    }),
    object({
      kind: z.literal('hybrid'),
      alpha: z
        .number('a number from 0 to 1')
        .min(0, 'a number from 0 to 1')
        .max(1, 'a number from 0 to 1')
        .default(0.5),
      numSamples: whole(1).default(1),
    }),
    object({
      kind: z.literal('prediction-constrained'),
      lambda: followed.optional(),
      epsilon: describe(nonNegative().optional(), 'label loss in nats that is allowed; default 0'),
      dual: describe(dual.optional(), 'dual ascent finds lambda, in its place'),
      consistency: describe(consistency.optional(), 'predictions from reconstructions are to agree'),
      labelPrior: describe(labelPrior.optional(), 'the mean prediction of unlabelled rows is to be a given one'),
    }),
    object({
      kind: z.literal('m2'),
      alpha: nonNegative().default(0.1),
      labelledShare: describe(
        share().optional(),
        'weight of the bound of labelled examples (m2); default: their share of the set',
      ),
      numSamples: whole(1).default(1),
      beta: followed.optional(),
      classGradient: describe(
        followed.optional(),
        'share of the gradient of the bound without a label that reaches q(y|x), or its schedule (m2); default 1',
      ),
      weightPrior: describe(
        nonNegative().optional(),
        'precision of a normal prior of the weights (m2); default 0: none',
      ),
    }),
    object({ kind: z.literal('reconstruction') }),
  ],
  'an object whose kind is elbo, iwae, beta-tc, infovae, dip, fisher, hybrid, prediction-constrained, m2 or reconstruction',
);
