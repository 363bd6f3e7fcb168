import {
  constant,
  foldIn,
  gather,
  type HostTensor,
  hostTensor,
  type Key,
  key,
  type Tensor,
  uniformArray,
} from '@reparam/tensor';
import type { Flow } from './flow.ts';

/** `reverse`; `shuffle`: one permutation drawn from a seed; `parity`: even positions first, then odd ones. */
export type PermutationKind = 'reverse' | 'shuffle' | 'parity';

/** Options of a permutation. */
export interface PermuteOptions {
  /** Of a shuffle: it is part of the flow, not of its parameters. */
  readonly seed?: number;
}

/** The dimensions in another order, which changes no volume. */
export const permute = (kind: PermutationKind, { seed = 0 }: PermuteOptions = {}): Flow => {
  const order = (dim: number): number[] => orders[kind](dim, key(seed));
  const apply = (x: Tensor, positions: readonly number[]) => ({ value: take(x, positions), logDet: constant(0) });
  return {
    description: kind === 'shuffle' ? `shuffle (seed ${seed})` : kind,
    init: () => ({}),
    forward: (_, x) => apply(x, order(x.shape.at(-1) as number)),
    inverse: (_, z) => apply(z, inverseOrder(order(z.shape.at(-1) as number))),
  };
};

/** Columns `positions` of `x`, in that order. */
export const take = (x: Tensor, positions: readonly number[]): Tensor => gather(x, constant(indices(positions)), -1);

/** The permutation that undoes `order`. */
export const inverseOrder = (order: readonly number[]): number[] => {
  const inverse = new Array<number>(order.length);
  order.forEach((from, to) => {
    inverse[from] = to;
  });
  return inverse;
};

/** A permutation of 0 … n − 1 drawn from `key`. */
export function shuffled(key: Key, n: number): number[] {
  const rank = uniformArray(foldIn(key, 'shuffle'), n);
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => rank[a]! - rank[b]! || a - b);
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const orders: Record<PermutationKind, (dim: number, key: Key) => number[]> = {
  reverse: (dim) => range(dim).reverse(),
  shuffle: (dim, key) => shuffled(key, dim),
  parity: (dim) => [...range(dim).filter((i) => i % 2 === 0), ...range(dim).filter((i) => i % 2 === 1)],
};

const indices = (positions: readonly number[]): HostTensor =>
  hostTensor(Int32Array.from(positions), [positions.length]);
