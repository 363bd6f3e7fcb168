import { activations } from 'reparam';
import { describe, names, object, oneOf, sizes, whole } from './leaves.ts';

/** Labels predicted from the code. */
export const labels = object({
  kind: describe(
    oneOf(['categorical', 'bernoulli']).default('categorical'),
    'categorical: one of several classes; bernoulli: several labels that are each 0 or 1',
  ),
  numLabels: describe(
    whole(1).optional(),
    'number of classes, or of labels that are 0 or 1; default: that of the data',
  ),
  hidden: describe(sizes(1).optional(), 'hidden layers between code and labels; default none: softmax(W z + b)'),
  activation: describe(names(activations).optional(), 'activation of those; default relu'),
  numSamples: describe(
    whole(1).optional(),
    'draws of z an example whose probabilities are averaged for its prediction; default 10',
  ),
});
