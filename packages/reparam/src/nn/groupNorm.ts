import { add, div, hostTensor, mean, mul, ReparamError, reshape, sqrt, square, sub } from '@reparam/tensor';
import { leaf } from '../params.ts';
import type { Module } from './module.ts';

/** Options of group normalisation. */
export interface GroupNormOptions {
  /** Groups the channels are divided into. */
  readonly groups: number;
  readonly epsilon?: number;
}

/**
 * Normalises each example over groups of channels and all places, then scales and shifts each channel (Wu and He 2018).
 * @example groupNorm({ groups: 8 })
 */
export const groupNorm = ({ groups, epsilon = 1e-5 }: GroupNormOptions): Module => ({
  describe: () => `group norm ${groups}`,
  outputShape: (inputShape) => [...inputShape],
  init: (_, inputShape) => {
    const channels = inputShape[0]!;
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
      throw new ReparamError('config', 'group norm: groups must divide the channels', {
        got: `${groups} groups of ${channels} channels`,
        expected: `a divisor of ${channels}`,
      });
    }
    const shape = inputShape.map((size, axis) => (axis === 0 ? size : 1));
    const filled = (value: number) => hostTensor(new Float32Array(channels).fill(value), shape);
    return { scale: filled(1), bias: filled(0) };
  },
  apply(params, x) {
    const scale = leaf(params, 'scale');
    const lead = x.shape.slice(0, x.rank - scale.rank);
    const grouped = reshape(x, [
      ...lead,
      groups,
      x.shape.slice(lead.length).reduce<number>((n, d) => n * (d as number), 1 / groups),
    ]);
    const centred = sub(grouped, mean(grouped, { axes: -1, keepDims: true }));
    const variance = mean(square(centred), { axes: -1, keepDims: true });
    const normalized = reshape(div(centred, sqrt(add(variance, epsilon))), x.shape);
    return add(mul(normalized, scale), leaf(params, 'bias'));
  },
});
