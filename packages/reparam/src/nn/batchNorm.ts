import {
  add,
  div,
  hostTensor,
  max,
  mul,
  reciprocal,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { branch, leaf } from '../params.ts';
import type { Module } from './module.ts';

/** Options of batch normalisation. */
export interface BatchNormOptions {
  readonly epsilon?: number;
  /** Share of the batch's moments in the new running averages. */
  readonly momentum?: number;
}

/**
 * (x − mean) / √(variance + epsilon) of each channel (first axis of the event), times `scale`, plus `bias` (Ioffe and
 * Szegedy 2015). In training the moments are the batch's, each row with its weight, so that padding counts nothing; in
 * evaluation they are running averages, kept as buffers (of the unbiased variance).
 */
export const batchNorm = ({ epsilon = 1e-5, momentum = 0.1 }: BatchNormOptions = {}): Module => ({
  describe: () => 'batch norm',
  outputShape: (inputShape) => [...inputShape],
  init: (_, inputShape) => {
    // [C, 1, 1] for images: it broadcasts, and its rank tells the event's axes from the batch's.
    const shape = inputShape.map((size, axis) => (axis === 0 ? size : 1));
    const filled = (value: number) => hostTensor(new Float32Array(shape[0]!).fill(value), shape);
    return { scale: filled(1), bias: filled(0), buffers: { mean: filled(0), variance: filled(1) } };
  },
  apply(params, x, { training, weights, update }) {
    const [scale, bias] = [leaf(params, 'scale'), leaf(params, 'bias')];
    const running = {
      mean: leaf(branch(params, 'buffers'), 'mean'),
      variance: leaf(branch(params, 'buffers'), 'variance'),
    };
    const moments: Moments = training ? batchMoments(x, scale, weights) : running;
    if (moments.unbiased) {
      const toward = (kept: Tensor, value: Tensor) => update(kept, add(mul(kept, 1 - momentum), mul(value, momentum)));
      toward(running.mean, moments.mean);
      toward(running.variance, moments.unbiased);
    }
    return add(mul(sub(x, moments.mean), div(scale, sqrt(add(moments.variance, epsilon)))), bias);
  },
});

interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
  /** Of the population, for the running average. */
  readonly unbiased?: Tensor;
}

/**
 * Mean and variance of each channel over rows, draws and places. Rows that are not those of the batch (pseudo-inputs of
 * a prior) count alike and leave the running averages alone.
 */
function batchMoments(x: Tensor, like: Tensor, weights: Tensor | undefined): Moments {
  const channelAxis = x.rank - like.rank;
  const rowAxis = channelAxis - 1;
  const axes = [...x.shape.keys()].filter((axis) => axis !== channelAxis);
  const size = (of: readonly number[]) => of.reduce((n, axis) => n * (x.shape[axis] as number), 1);
  const isBatch = weights !== undefined && weights.shape[0] === x.shape[rowAxis];
  const repeats = size(axes.filter((axis) => axis !== rowAxis));
  const share = isBatch
    ? mul(reshape(weights, [weights.shape[0]!, ...like.shape.map(() => 1)]), 1 / repeats)
    : 1 / size(axes);
  const average = (t: Tensor) => reshape(sum(mul(t, share), { axes }), like.shape);
  const mean = average(x);
  const variance = average(square(sub(x, mean)));
  if (!isBatch) return { mean, variance };
  // A real row weighs 1/n.
  const count = mul(reciprocal(max(weights)), repeats);
  return { mean, variance, unbiased: mul(variance, div(count, sub(count, 1))) };
}
