import { quadrants } from 'reparam';
import { z } from 'zod';
import { describe, object, oneOf, positive, share, whole, yesNo } from './leaves.ts';

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
      inferred: describe(
        yesNo().optional(),
        'the model tells the class itself where it is not known, by a network like its encoder (labels): M2',
      ),
      dropout: describe(share().optional(), 'encoderDropout of that network (labels); default: that of the model'),
      prior: describe(
        z
          .union(
            [oneOf(['uniform', 'frequencies']), z.array(positive(), 'a list of positive numbers')],
            'uniform, frequencies or a list of numbers',
          )
          .optional(),
        'p(y) of an inferred class: uniform (default), as often as labels occur, or numbers that sum to 1 (labels)',
      ),
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
