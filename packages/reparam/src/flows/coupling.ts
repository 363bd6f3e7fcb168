import { concat, foldIn, ReparamError, split, type Tensor } from '@reparam/tensor';
import { type ActivationName, linear, mlp, zeros } from '../nn/index.ts';
import { branch } from '../params.ts';
import { type AffineOptions, bounded, standardize, unstandardize } from './affine.ts';
import type { Flow } from './flow.ts';

/** Options of an affine coupling. */
export interface CouplingOptions extends AffineOptions {
  /** Sizes of the hidden layers of the network that gives shift and scale. */
  readonly hidden: readonly number[];
  readonly activation?: ActivationName;
  /** Which half stays as it is and decides about the other one; default `first`. */
  readonly keep?: 'first' | 'second';
}

/**
 * Affine coupling: one half of the vector is kept, and gives shift and log-scale of the other (Dinh et al. 2017). One pass both
 * ways; it starts as the identity. With features, the network sees them too.
 * @example chain([coupling({ hidden: [100, 100] }), coupling({ hidden: [100, 100], keep: 'second' })])
 */
export function coupling({ hidden, activation = 'relu', keep = 'first', logScaleBound }: CouplingOptions): Flow {
  const network = mlp(hidden, { activation });
  const keepsFirst = keep === 'first';
  const sizesOf = (dim: number): [number, number] => {
    if (dim < 2) {
      throw new ReparamError('config', 'a coupling halves the vector', {
        got: `${dim} dimension`,
        expected: '2 or more',
        fix: 'Use another flow',
      });
    }
    return [Math.floor(dim / 2), Math.ceil(dim / 2)];
  };
  const last = (size: number) => linear(2 * size, { initializer: zeros });
  const run = (direction: typeof standardize, ...[params, x, context, features]: Parameters<Flow['forward']>) => {
    const sizes = sizesOf(x.shape.at(-1) as number);
    const [first, second] = split(x, -1, sizes) as [Tensor, Tensor];
    const [kept, moved] = keepsFirst ? [first, second] : [second, first];
    const size = moved.shape.at(-1) as number;
    const seen = features ? concat([kept, features], -1) : kept;
    const h = network.apply(branch(params, 'network') ?? {}, seen, context.child('network'));
    const both = last(size).apply(branch(params, 'output'), h, context);
    const [shift, logScale] = split(both, -1, [size, size]) as [Tensor, Tensor];
    const { value, logDet } = direction(moved, shift, bounded(logScale, { logScaleBound }));
    return { value: concat(keepsFirst ? [kept, value] : [value, kept], -1), logDet };
  };
  return {
    description: `affine coupling, ${hidden.join('-') || 'linear'} ${activation}${logScaleBound === undefined ? '' : `, |log s| < ${logScaleBound}`}`,
    init(key, dim, { features = 0 } = {}) {
      const [first, second] = sizesOf(dim);
      const [kept, moved] = keepsFirst ? [first, second] : [second, first];
      const input = [kept + features];
      return {
        network: network.init(foldIn(key, 'network'), input),
        output: last(moved).init(foldIn(key, 'output'), network.outputShape(input)),
      };
    },
    forward: (...args) => run(standardize, ...args),
    inverse: (...args) => run(unstandardize, ...args),
  };
}
