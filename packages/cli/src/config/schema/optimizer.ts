import { z } from 'zod';
import { describe, nonNegative, object, positive, share, whole, yesNo } from './leaves.ts';

/** A number, or how it changes in the course of training. */
export const learningRate = z.union(
  [
    positive(),
    z.discriminatedUnion(
      'schedule',
      [
        object({
          schedule: describe(z.literal('constant'), 'how the learning rate changes'),
          value: describe(positive(), 'learning rate at the start'),
        }),
        object({
          schedule: z.literal('step'),
          value: positive(),
          factor: describe(positive().optional(), 'what it is multiplied by (step); default 0.1'),
          epochs: describe(whole(1), 'epochs between two multiplications (step)'),
        }),
        object({
          schedule: z.literal('cosine'),
          value: positive(),
          final: describe(nonNegative().optional(), 'learning rate at the end (cosine); default 0'),
          warmup: describe(nonNegative().optional(), 'epochs of linear increase before (cosine); default 0'),
        }),
        object({ schedule: z.literal('iwae-paper'), value: positive().optional() }),
      ],
      'an object whose schedule is constant, step, cosine or iwae-paper',
    ),
  ],
  'a positive number, or an object with a schedule',
);

const anyOptimizer = {
  learningRate: describe(learningRate, 'a number, or a schedule (constant, step, cosine, iwae-paper)'),
  clipNorm: describe(positive().optional(), 'largest global norm of the gradient'),
};
const adamShape = {
  ...anyOptimizer,
  beta1: describe(share().optional(), 'decay of the first moment (adam, adamw); default 0.9'),
  beta2: describe(share().optional(), 'decay of the second moment (adam, adamw); default 0.999'),
  epsilon: describe(positive().optional(), 'added to the root of the second moment (adam, adamw); default 1e-8'),
};
/** The update rule and its learning rate. */
export const optimizer = z.discriminatedUnion(
  'kind',
  [
    object({ kind: describe(z.literal('adam'), 'update rule'), ...adamShape }),
    object({
      kind: z.literal('adamw'),
      ...adamShape,
      weightDecay: describe(nonNegative().optional(), 'share of each parameter taken off a step (adamw); default 0.01'),
    }),
    object({ kind: z.literal('sgd'), ...anyOptimizer }),
    object({
      kind: z.literal('momentum'),
      ...anyOptimizer,
      momentum: describe(share().optional(), 'decay of the velocity (momentum); default 0.9'),
      nesterov: describe(yesNo().optional(), 'look ahead (momentum); default false'),
    }),
  ],
  'an object whose kind is adam, adamw, sgd or momentum',
);
