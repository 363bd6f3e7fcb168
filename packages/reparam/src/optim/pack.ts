import {
  concat,
  flatten,
  type HostTensor,
  hostTensor,
  reshape,
  sizeOf,
  split,
  type Tensor,
  unflatten,
} from '@reparam/tensor';
import type { HostParams, SymbolicParams } from '../params.ts';

/** Leaves below this many elements are updated together: an operator call costs more than their arithmetic. */
const smallLimit = 65536;
const smallKey = 'small';

const isSmall = (leaf: HostTensor | Tensor): boolean => sizeOf(leaf.shape as readonly number[]) < smallLimit;

/** Zeros for every large leaf by path, and one vector for all small ones. */
export function packedZeros(params: HostParams): Record<string, HostTensor> {
  const leaves = flatten<HostTensor>(params);
  const large = leaves.filter(([, leaf]) => !isSmall(leaf));
  const packed = Object.fromEntries(
    large.map(([path, { shape }]) => [path.replaceAll('.', '/'), hostTensor(new Float32Array(sizeOf(shape)), shape)]),
  );
  const size = leaves.reduce((n, [, leaf]) => n + (isSmall(leaf) ? sizeOf(leaf.shape) : 0), 0);
  return size > 0 ? { ...packed, [smallKey]: hostTensor(new Float32Array(size), [size]) } : packed;
}

/** The same arrangement of a symbolic tree. */
export function pack(tree: SymbolicParams): Record<string, Tensor> {
  const leaves = flatten<Tensor>(tree);
  const packed = Object.fromEntries(
    leaves.filter(([, leaf]) => !isSmall(leaf)).map(([path, leaf]) => [path.replaceAll('.', '/'), leaf]),
  );
  const small = leaves.filter(([, leaf]) => isSmall(leaf)).map(([, leaf]) => reshape(leaf, [-1]));
  return small.length > 0 ? { ...packed, [smallKey]: concat(small, 0) } : packed;
}

/** Undoes `pack` for a tree like `like`. */
export function unpack(packed: Readonly<Record<string, Tensor>>, like: SymbolicParams): SymbolicParams {
  const leaves = flatten<Tensor>(like);
  const small = leaves.filter(([, leaf]) => isSmall(leaf));
  const sizes = small.map(([, leaf]) => sizeOf(leaf.shape as readonly number[]));
  const pieces = small.length > 0 ? split(packed[smallKey]!, 0, sizes) : [];
  const byPath = new Map(leaves.map(([path]) => [path, packed[path.replaceAll('.', '/')]!]));
  small.forEach(([path, leaf], i) => {
    byPath.set(path, reshape(pieces[i]!, leaf.shape));
  });
  return unflatten<SymbolicParams, Tensor, Tensor>(like, byPath) as SymbolicParams;
}
