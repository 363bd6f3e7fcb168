import { foldIn, hostTensor, type Key, normalArray, split, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import { linear } from '../nn/index.ts';
import { branch, type HostParams, leaf, type SymbolicParams } from '../params.ts';

/** A flow's few numbers: the same for all rows, or, with features, an affine function of each row's; they start as `start`. */
export function perRowInit(key: Key, start: Float32Array, features: number | undefined): HostParams {
  const values = hostTensor(start, [start.length]);
  if (features === undefined) return { values };
  const layer = linear(start.length).init(foldIn(key, 'perRow'), [features]);
  return { layer: { ...layer, bias: values } };
}

/** Those numbers, cut into pieces of the given sizes: [size], or [n, size] with features. */
export function perRow(
  params: SymbolicParams,
  sizes: readonly number[],
  context: Context,
  features: Tensor | undefined,
): Tensor[] {
  const total = sizes.reduce((a, b) => a + b, 0);
  const values = features ? linear(total).apply(branch(params, 'layer'), features, context) : leaf(params, 'values');
  return split(values, -1, sizes);
}

/** Small normal numbers to start from. */
export const smallNormals = (key: Key, count: number, scale = 0.1): Float32Array =>
  normalArray(key, count).map((z) => z * scale);
