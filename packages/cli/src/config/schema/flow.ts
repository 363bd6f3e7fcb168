import { activations } from 'reparam';
import { z } from 'zod';
import { describe, names, object, oneOf, positive, sizes, whole, yesNo } from './leaves.ts';

const layers = [
  'planar',
  'radial',
  'coupling',
  'autoregressive',
  'inverse-autoregressive',
  'linear-lu',
  'linear-qr',
] as const;

const network = {
  length: describe(whole(1).optional(), 'how many layers of a flow; default 2'),
  hidden: describe(sizes(1).optional(), 'hidden layers of each flow layer’s network; default [64]'),
  activation: describe(names(activations).optional(), 'activation of those; default relu'),
  logScaleBound: describe(positive().optional(), 'largest absolute log-scale of coupling and autoregressive layers'),
};

/** Keys of a flow behind the posterior or under the prior. */
export const flowLayers = {
  layers: describe(oneOf(layers), 'layers of a flow'),
  ...network,
};

/** A flow of the posterior may see the encoder's features. */
export const amortized = describe(
  yesNo().optional(),
  'whether a flow behind the posterior sees the encoder’s features; default true',
);

/** A flow as a whole model. */
export const flow = object({
  layers: describe(oneOf([...layers, 'bits']), 'layers of the flow; bits is a masked autoregressive net of bits'),
  ...network,
  levels: describe(
    whole(0).optional(),
    'levels of a pixel, which is dequantised and goes through a logit; 0 leaves values as they are; default: by the data',
  ),
  alpha: describe(
    z
      .number('a number between 0 and 0.5')
      .positive('a number between 0 and 0.5')
      .lt(0.5, 'a number between 0 and 0.5')
      .optional(),
    'the logit is that of alpha + (1 - 2 alpha) y; default 1e-6',
  ),
  scale: describe(positive().optional(), 'makes the flow encoder and decoder with noise of this standard deviation'),
});
