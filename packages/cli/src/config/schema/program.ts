import { z } from 'zod';
import { data } from './data.ts';
import { describe, nonNegative, object, oneOf, positive, share, text, whole } from './leaves.ts';

const programKind =
  'how parameters are found without gradients (ppca, ppca-em), or a density model of its own (mixture, rbm): set by the preset';

/** How the parameters of a linear VAE are found without gradients. */
export const linearProgram = z.discriminatedUnion(
  'kind',
  [
    object({ kind: describe(z.literal('ppca'), programKind) }),
    object({
      kind: z.literal('ppca-em'),
      tolerance: describe(
        nonNegative().default(1e-6),
        'gain of the bound, in nats, below which iterations end (ppca-em, mixture)',
      ),
    }),
  ],
  'an object whose kind is ppca or ppca-em',
);

const training = object({
  epochs: whole(1),
  batchSize: whole(1).default(20),
  seed: whole(0).default(0),
});

const density = <T extends z.ZodType>(program: T) =>
  object({
    schemaVersion: z.literal(1, '1').default(1),
    preset: text(),
    data,
    program,
    training,
  });

/** Whole configurations of density models, by the kind of their program. */
export const densitySchemas = {
  mixture: density(
    object({
      kind: describe(z.literal('mixture'), programKind),
      components: describe(whole(1), 'Gaussians of a mixture'),
      covariance: describe(
        oneOf(['full', 'diagonal']).optional(),
        'of the Gaussians of a mixture; default: full up to 100 dimensions, diagonal above',
      ),
      varianceFloor: describe(positive().default(1e-3), 'least variance of a Gaussian of a mixture in any direction'),
      tolerance: nonNegative().default(1e-4),
    }),
  ),
  rbm: density(
    object({
      kind: describe(z.literal('rbm'), programKind),
      hidden: describe(whole(1), 'hidden units of an RBM; up to 20 its log-likelihood is exact'),
      sweeps: describe(whole(1).default(1), 'Gibbs sweeps of a chain in training: the k of CD-k'),
      learningRate: describe(positive(), 'learning rate of an RBM'),
      momentum: describe(share().default(0.5), 'momentum of an RBM'),
      sampleSweeps: describe(whole(1).default(1000), 'Gibbs sweeps of a chain that is sampled'),
    }),
  ),
};
