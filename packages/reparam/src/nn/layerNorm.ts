import { add, div, hostTensor, mean, mul, sizeOf, sqrt, square, sub } from '@reparam/tensor';
import { leaf } from '../params.ts';
import type { Module } from './module.ts';

/** (x − mean) / √(variance + epsilon) over the last axis, times `scale`, plus `bias` (Ba et al. 2016). */
export const layerNorm = ({ epsilon = 1e-5 }: { readonly epsilon?: number } = {}): Module => ({
  describe: () => 'layer norm',
  outputShape: (inputShape) => [...inputShape],
  init: (_, inputShape) => {
    const shape = inputShape.slice(-1);
    const size = sizeOf(shape);
    return {
      scale: hostTensor(new Float32Array(size).fill(1), shape),
      bias: hostTensor(new Float32Array(size), shape),
    };
  },
  apply(params, x) {
    const centred = sub(x, mean(x, { axes: -1, keepDims: true }));
    const variance = mean(square(centred), { axes: -1, keepDims: true });
    const normalized = div(centred, sqrt(add(variance, epsilon)));
    return add(mul(normalized, leaf(params, 'scale')), leaf(params, 'bias'));
  },
});
