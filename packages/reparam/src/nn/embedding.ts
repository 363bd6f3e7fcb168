import { foldIn, matmul, reshape } from '@reparam/tensor';
import { leaf } from '../params.ts';
import { type Initializer, unitNormal } from './initializers.ts';
import type { Module } from './module.ts';

/**
 * A learned vector for each class: one-hot labels [..., classes] to [..., features], rows of `weight` [classes, features].
 * @example embedding(16)
 */
export const embedding = (features: number, initializer: Initializer = unitNormal): Module => ({
  describe: ([classes]) => `embedding ${classes} → ${features}`,
  outputShape: () => [features],
  init: (key, [classes]) => ({
    weight: initializer(foldIn(key, 'weight'), [classes!, features], { fanIn: classes!, fanOut: features }),
  }),
  apply(params, x) {
    const weight = leaf(params, 'weight');
    const rows = reshape(x, [-1, weight.shape[0]!]);
    return reshape(matmul(rows, weight), [...x.shape.slice(0, -1), features]);
  },
});
