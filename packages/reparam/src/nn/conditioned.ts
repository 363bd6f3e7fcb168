import { broadcastTo, concat, constant, iota, oneHot, ReparamError, split, sub, type Tensor } from '@reparam/tensor';
import { type Context, type Spread, withBatch } from '../context.ts';
import type { SymbolicParams } from '../params.ts';
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
 * comes out instead: for modules that take pictures. Where rows are met with several conditions, what depends on the row
 * alone is computed once for it.
 */
export function conditioned(module: Module, conditionSize: number, at: 'input' | 'output' = 'input'): Module {
  const wider = ([size]: readonly number[]) => [size! + conditionSize];
  if (at === 'output') {
    return {
      ...module,
      stages: undefined,
      describe: (inputShape) => `${module.describe(inputShape)}, condition appended`,
      outputShape: (inputShape) => wider(module.outputShape(inputShape)),
      apply(params, x, context) {
        const { spread } = context;
        if (!spread) return withCondition(module.apply(params, x, context), context);
        const once = withBatch(context, { spread: undefined, weights: spread.weights });
        return withCondition(spread.rows(module.apply(params, x, once)), context);
      },
    };
  }
  return {
    describe: (inputShape) => ['condition appended', module.describe(wider(inputShape))].filter(Boolean).join(', '),
    outputShape: (inputShape) => module.outputShape(wider(inputShape)),
    init: (key, inputShape) => module.init(key, wider(inputShape)),
    apply(params, x, context) {
      const { spread } = context;
      if (!spread) return module.apply(params, withCondition(x, context), context);
      if (!module.stages) return module.apply(params, withCondition(spread.rows(x), context), context);
      return module.stages.rest(params, affineOnce(module.stages.affine, params, x, context, spread), context);
    },
  };
}

/** An affine layer of x and c is that of x without c, plus that of c without x, less that of nothing: one product for all. */
function affineOnce(
  affine: Module['apply'],
  params: SymbolicParams,
  x: Tensor,
  context: Context,
  spread: Spread,
): Tensor {
  const [rows, width] = x.shape as [number, number];
  const size = requireCondition(context).shape.at(-1) as number;
  const zeros = (...shape: number[]) => broadcastTo(constant(0), shape);
  const each = concat([zeros(size, width), oneHot(iota(size), size)], 1);
  const all = affine(params, concat([concat([x, zeros(rows, size)], 1), each, zeros(1, width + size)], 0), context);
  const [perRow, perCondition, none] = split(all, 0, [rows, size, 1]);
  return spread.rows(perRow!, sub(perCondition!, none!));
}
