import { broadcastTo, concat, ReparamError, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { Module } from './module.ts';

/** The condition of the batch; a `data` error where a conditional part is given none. */
export function requireCondition({ condition }: Context): Tensor {
  if (condition) return condition;
  throw new ReparamError('data', 'a conditional model was given no condition', {
    expected: 'values beside each example',
    fix: 'Give the data set conditions (withLabelCondition for class labels), or say which class with `condition`',
  });
}

/** Vectors [..., B, n] with the condition [B, size] behind each: [..., B, n + size]. */
function withCondition(x: Tensor, context: Context): Tensor {
  const condition = requireCondition(context);
  return concat([x, broadcastTo(condition, [...x.shape.slice(0, -1), condition.shape.at(-1)!])], -1);
}

/**
 * `module` given vectors with the condition of their row appended. With `at: 'output'` the condition is appended to what
 * comes out instead: for modules that take pictures.
 */
export function conditioned(module: Module, conditionSize: number, at: 'input' | 'output' = 'input'): Module {
  const wider = ([size]: readonly number[]) => [size! + conditionSize];
  if (at === 'output') {
    return {
      ...module,
      describe: (inputShape) => `${module.describe(inputShape)}, condition appended`,
      outputShape: (inputShape) => wider(module.outputShape(inputShape)),
      apply: (params, x, context) => withCondition(module.apply(params, x, context), context),
    };
  }
  return {
    describe: (inputShape) => ['condition appended', module.describe(wider(inputShape))].filter(Boolean).join(', '),
    outputShape: (inputShape) => module.outputShape(wider(inputShape)),
    init: (key, inputShape) => module.init(key, wider(inputShape)),
    apply: (params, x, context) => module.apply(params, withCondition(x, context), context),
  };
}
