import { describe, object, positive, sizes, whole } from './leaves.ts';
import { learningRate } from './optimizer.ts';

/** A model of the codes of the rest, trained after it. */
export const above = describe(
  object({
    latentDim: describe(whole(1), 'latent dimensions of the model of codes'),
    hidden: describe(sizes(1), 'hidden layers of its networks'),
    threshold: describe(
      positive().optional(),
      'least standard deviation of a posterior mean for a dimension of the codes to be kept; default 0.1',
    ),
    pretraining: object({
      epochs: describe(whole(1), 'epochs of the model of examples, which is trained first'),
      batchSize: describe(whole(1), 'its examples a step'),
      learningRate: describe(learningRate, 'its learning rate: a number, or a schedule'),
    }),
  }),
  'M2 on the codes of the model, which is trained first and kept as it is: M1+M2',
);
