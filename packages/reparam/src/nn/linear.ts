import { foldIn, matmul, ReparamError, reshape, sizeOf } from '@reparam/tensor';
import { leaf } from '../params.ts';
import { glorotUniform, type Initializer, zeros } from './initializers.ts';
import type { Module } from './module.ts';

/** How the weights of a linear layer start. */
export interface LinearOptions {
  readonly initializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/**
 * x Wᵀ + b over the last axis: [..., in] to [..., features], with `weight` [features, in] and `bias` [features].
 * @example linear(200)
 */
export const linear = (
  features: number,
  { initializer = glorotUniform, biasInitializer = zeros }: LinearOptions = {},
): Module => {
  const apply: Module['apply'] = (params, x) => {
    const bias = leaf(params, 'bias');
    const weight = leaf(params, 'weight');
    if (x.rank === 2) return matmul(x, weight, { transB: true, bias });
    const rows = reshape(x, [-1, weight.shape[1]!]);
    return reshape(matmul(rows, weight, { transB: true, bias }), [...x.shape.slice(0, -1), features]);
  };
  return {
    describe: (inputShape) => `linear ${sizeOf(inputShape)} → ${features}`,
    outputShape: (inputShape) => {
      needVector(inputShape);
      return [features];
    },
    init(key, inputShape) {
      const fanIn = needVector(inputShape);
      const fan = { fanIn, fanOut: features };
      return {
        weight: initializer(foldIn(key, 'weight'), [features, fanIn], fan),
        bias: biasInitializer(foldIn(key, 'bias'), [features], fan),
      };
    },
    apply,
    stages: { affine: apply, rest: (_, h) => h },
  };
};

function needVector(inputShape: readonly number[]): number {
  if (inputShape.length === 1) return inputShape[0]!;
  throw new ReparamError('shape', 'linear layer acts on vectors', {
    got: `events of shape [${inputShape.join(', ')}]`,
    expected: 'shape [features]',
    fix: 'Put flatten() before it',
  });
}
