import { describe, nonNegative, object, text, whole } from './leaves.ts';

/** Length, batches and seed. */
export const training = object({
  epochs: describe(whole(1), 'passes over the training data'),
  batchSize: describe(whole(1), 'examples a step'),
  microBatches: describe(whole(1).default(1), 'parts a batch is cut into to save memory'),
  labelledBatchSize: describe(
    whole(1).optional(),
    'examples with a label in each batch, where training needs labels and some have none; default: half',
  ),
  seed: describe(whole(0).default(0), 'seed of everything random'),
  from: describe(text().optional(), 'folder of a run of the same model whose weights are the start'),
  earlyStopping: describe(
    object({
      patience: describe(whole(1), 'epochs without a better validation ELBO before training stops'),
      minDelta: describe(nonNegative().optional(), 'smallest gain that counts, in nats'),
    }).optional(),
    'stop when the validation ELBO no longer rises',
  ),
});
