import { imageNorms } from 'reparam';
import { z } from 'zod';
import { describe, object, oneOf, whole } from './leaves.ts';

const dense = object({
  kind: describe(
    z.literal('mlp'),
    'mlp: dense layers of the sizes `hidden`; conv: convolutions, then dense layers of the sizes `hidden`',
  ),
});
const conv = object({
  kind: z.literal('conv'),
  channels: describe(
    z.array(whole(1), 'a list of whole numbers such as [32, 64]').min(1, 'at least one number').max(16, 'at most 16'),
    'channels after each convolution, from the image inwards (conv)',
  ),
  kernel: describe(whole(1).optional(), 'window (conv); default 4'),
  stride: describe(whole(1).optional(), 'step of the window (conv); default 2'),
  padding: describe(whole(0).optional(), 'zeros around the image (conv); default 1'),
  norm: describe(oneOf(imageNorms).optional(), 'normalisation after each convolution (conv); default none'),
  residualBlocks: describe(whole(0).optional(), 'residual blocks after each convolution (conv); default 0'),
});

/** Kind of the encoder and the decoder. */
export const network = z.discriminatedUnion('kind', [dense, conv], 'an object whose kind is mlp or conv');
