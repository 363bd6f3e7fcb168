import { add, foldIn, type HostTensor, hostTensor, type Key, matmul, ReparamError, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import { branch, type HostParams, leaf, type SymbolicParams } from '../params.ts';
import { type ActivationName, activations } from './activations.ts';
import { glorotUniform, heUniform, zeros } from './initializers.ts';
import { linear } from './linear.ts';
import { maskedLinear } from './maskedLinear.ts';

/** The order in which an autoregressive net reads the dimensions: as they come, from the last, or the rank of each from 0. */
export type DimensionOrder = 'natural' | 'reversed' | readonly number[];

/** Options of a masked network. */
export interface MaskedMlpOptions {
  /** Sizes of the hidden layers. */
  readonly hidden: readonly number[];
  readonly activation?: ActivationName;
  readonly order?: DimensionOrder;
  /** Numbers it gives for each dimension. */
  readonly outputsPerDim: number;
}

/** A network whose numbers for a dimension depend on the dimensions before it only. */
export interface MaskedMlp {
  init(key: Key, dim: number, features?: number): HostParams;
  /** [n, dim] (and features [n, …], which every output may see) to [n, outputsPerDim · dim], the first number of every dimension first. */
  apply(params: SymbolicParams, x: Tensor, context: Context, features?: Tensor): Tensor;
}

/**
 * Masked autoencoder net (Germain et al. 2015): every unit has a degree, and sees units of lower degree (of the same, between
 * hidden layers). Degrees of hidden units are spread evenly. Its last layer starts at 0.
 */
export function maskedMlp({
  hidden,
  activation = 'relu',
  order = 'natural',
  outputsPerDim,
}: MaskedMlpOptions): MaskedMlp {
  const isSaturating = activation === 'tanh' || activation === 'sigmoid';
  const initializer = isSaturating ? glorotUniform : heUniform;
  const layersOf = (dim: number) => {
    const inputs = dimensionRanks(order, dim);
    const units = hidden.map((size) => Array.from({ length: size }, (_, k) => Math.floor((k * (dim - 1)) / size)));
    const outputs = Array.from({ length: outputsPerDim }, () => inputs).flat();
    const before = [inputs, ...units];
    return [...units, outputs].map((to, i) => {
      const isLast = i === units.length;
      const mask = maskOf(to, before[i]!, isLast ? (o, h) => o > h : (h, from) => h >= from);
      return maskedLinear(mask, { initializer: isLast ? zeros : initializer });
    });
  };
  return {
    init(key, dim, features) {
      const layers = layersOf(dim);
      const params: Record<string, HostParams> = {};
      layers.forEach((layer, i) => {
        params[i] = layer.init(foldIn(key, String(i)), [dim]);
      });
      if (features !== undefined) {
        const { weight } = linear(hidden[0] ?? outputsPerDim * dim).init(foldIn(key, 'features'), [features]);
        params.features = { weight: weight as HostTensor };
      }
      return params;
    },
    apply(params, x, context, features) {
      const layers = layersOf(x.shape.at(-1) as number);
      return layers.reduce((h, layer, i) => {
        let next = layer.apply(branch(params, String(i)), h, context);
        if (features && i === 0)
          next = add(next, matmul(features, leaf(branch(params, 'features'), 'weight'), { transB: true }));
        return i < hidden.length ? activations[activation](next) : next;
      }, x);
    },
  };
}

function maskOf(
  to: readonly number[],
  from: readonly number[],
  sees: (to: number, from: number) => boolean,
): HostTensor {
  const mask = new Float32Array(to.length * from.length);
  to.forEach((degree, row) => {
    from.forEach((other, column) => {
      if (sees(degree, other)) mask[row * from.length + column] = 1;
    });
  });
  return hostTensor(mask, [to.length, from.length]);
}

/** The place of each dimension in the order, from 0. Throws `config` for a list that is no permutation. */
export function dimensionRanks(order: DimensionOrder, dim: number): readonly number[] {
  if (typeof order === 'string') return Array.from({ length: dim }, (_, i) => (order === 'natural' ? i : dim - 1 - i));
  const isPermutation = order.length === dim && new Set(order).size === dim && order.every((r) => r >= 0 && r < dim);
  if (isPermutation && order.every(Number.isInteger)) return order;
  throw new ReparamError('config', 'order of the dimensions', {
    got: `${order.length} numbers: ${order.slice(0, 8).join(', ')}…`,
    expected: `each of 0 … ${dim - 1} once`,
  });
}
