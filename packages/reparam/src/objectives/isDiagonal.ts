import { equal, iota, reshape, type Tensor } from '@reparam/tensor';

/** Whether an entry of an [n, n] matrix is on its diagonal: bool [n, n]. */
export function isDiagonal(n: number): Tensor {
  const index = iota(n);
  return equal(reshape(index, [n, 1]), reshape(index, [1, n]));
}
