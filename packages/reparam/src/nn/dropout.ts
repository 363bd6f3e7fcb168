import { cast, less, mul, ReparamError } from '@reparam/tensor';
import { type Module, pointwise } from './module.ts';

/** In training sets a share `rate` of the elements of vectors to 0 and scales the rest by 1/(1 − rate). */
export function dropout(rate: number): Module {
  if (!(rate >= 0 && rate < 1)) {
    throw new ReparamError('config', 'dropout rate', { got: String(rate), expected: 'a number from 0 to below 1' });
  }
  return pointwise(`dropout ${rate}`, (x, context) => {
    if (!context.training || rate === 0) return x;
    const uniform = context.site('dropout').draw('uniform', x.shape, x.rank - 2);
    return mul(x, mul(cast(less(uniform, 1 - rate), 'float32'), 1 / (1 - rate)));
  });
}
