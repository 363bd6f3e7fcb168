import { add, ReparamError } from '@reparam/tensor';
import type { Module } from './module.ts';

/** x + body(x) (He et al. 2016); `body` must keep the shape. */
export const residual = (body: Module): Module => ({
  describe: (inputShape) => `residual (${body.describe(inputShape)})`,
  outputShape: (inputShape) => {
    const shape = body.outputShape(inputShape);
    if (shape.join() !== inputShape.join()) {
      throw new ReparamError('shape', 'residual block changes the shape', {
        got: `[${inputShape.join(', ')}] to [${shape.join(', ')}]`,
        expected: 'a body that keeps it',
      });
    }
    return shape;
  },
  init: (key, inputShape) => body.init(key, inputShape),
  apply: (params, x, context) => add(x, body.apply(params, x, context)),
});
