import { quadrants } from 'reparam';
import { z } from 'zod';
import { describe, object, oneOf, whole } from './leaves.ts';

/** What the model is given beside each example. */
export const condition = z.discriminatedUnion(
  'kind',
  [
    object({
      kind: describe(
        z.literal('none'),
        'what the model is given beside each example: none; labels, its class; completion, the other three quadrants of a picture',
      ),
    }),
    object({
      kind: z.literal('labels'),
      numClasses: describe(whole(1).optional(), 'number of classes (labels); default: that of the data'),
    }),
    object({
      kind: z.literal('completion'),
      missing: describe(
        oneOf(quadrants as ['top-left', 'top-right', 'bottom-left', 'bottom-right']),
        'the quadrant that is completed (completion)',
      ),
    }),
  ],
  'an object whose kind is none, labels or completion',
);
