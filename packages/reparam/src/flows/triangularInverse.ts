import {
  concat,
  constant,
  gather,
  hostTensor,
  matmul,
  neg,
  pad,
  reshape,
  slice,
  type Tensor,
  transpose,
} from '@reparam/tensor';

/**
 * The inverse of I + N for a strictly lower triangular N [d, d], with few operations whatever d is: diagonal blocks of 1, 2, 4, …
 * are inverted one size after the other, all blocks of a size in one product, by
 * [A 0; C B]⁻¹ = [A⁻¹ 0; −B⁻¹ C A⁻¹ B⁻¹].
 */
export function unitLowerInverse(strictLower: Tensor): Tensor {
  const dim = strictLower.shape[0] as number;
  const size = 2 ** Math.ceil(Math.log2(dim));
  const extra = size - dim;
  const padded = extra > 0 ? pad(strictLower, [0, 0], [extra, extra]) : strictLower;
  let inverses: Tensor = constant(hostTensor(new Float32Array(size).fill(1), [size, 1, 1]));
  for (let block = 1; block < size; block *= 2) {
    const pairs = size / (2 * block);
    const below = blocksBelow(padded, pairs, block);
    const halves = reshape(inverses, [pairs, 2, block, block]);
    const half = (i: number) => reshape(slice(halves, 1, i, i + 1), [pairs, block, block]);
    const [first, second] = [half(0), half(1)];
    const corner = neg(matmul(second, matmul(below, first)));
    const nothing = constant(hostTensor(new Float32Array(pairs * block * block), [pairs, block, block]));
    inverses = concat([concat([first, nothing], 2), concat([corner, second], 2)], 1);
  }
  const inverse = reshape(inverses, [size, size]);
  return extra > 0 ? slice(slice(inverse, 0, 0, dim), 1, 0, dim) : inverse;
}

/** The lower left quarter of each of the `pairs` diagonal blocks of size 2 · block: [pairs, block, block]. */
function blocksBelow(matrix: Tensor, pairs: number, block: number): Tensor {
  const tiles = reshape(matrix, [pairs, 2, block, pairs, 2, block]);
  const quarters = slice(slice(tiles, 1, 1, 2), 4, 0, 1);
  const flat = reshape(transpose(quarters, [0, 3, 1, 4, 2, 5]), [pairs * pairs, block, block]);
  const diagonal = Int32Array.from({ length: pairs }, (_, i) => i * (pairs + 1));
  return gather(flat, constant(hostTensor(diagonal, [pairs])), 0);
}

/** The inverse of I + N for a strictly upper triangular N [d, d]. */
export const unitUpperInverse = (strictUpper: Tensor): Tensor => transpose(unitLowerInverse(transpose(strictUpper)));
