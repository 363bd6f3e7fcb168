import {
  constant,
  div,
  foldIn,
  type HostTensor,
  hostTensor,
  type Key,
  key,
  log,
  matmul,
  mul,
  neg,
  normalArray,
  reshape,
  softplus,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { LuDecomposition, Matrix, QrDecomposition } from 'ml-matrix';
import { type HostParams, leaf, type SymbolicParams } from '../params.ts';
import type { Flow } from './flow.ts';
import { inverseOrder, take } from './permute.ts';
import { unitLowerInverse, unitUpperInverse } from './triangularInverse.ts';

/** Options of the LU flow. */
export interface LinearLuOptions {
  /** Decides the permutation, the signs and the rotation the flow starts as. */
  readonly seed?: number;
}

/**
 * z = W x with W = P L U: P a permutation, L unit lower triangular, U upper triangular with U_ii = s_i softplus(u_i). P and the
 * signs s are fixed by the seed: together they decide the sign of det W, which a positive diagonal alone could not. It
 * starts as a rotation. log abs det W = Σ log softplus(u_i). (Kingma and Dhariwal 2018.)
 */
export function linearLu({ seed = 0 }: LinearLuOptions = {}): Flow {
  const starts = new Map<number, Start>();
  const startOf = (dim: number): Start => {
    const known = starts.get(dim) ?? factorize(randomRotation(foldIn(key(seed), 'rotation'), dim));
    starts.set(dim, known);
    return known;
  };
  const parts = (params: SymbolicParams, dim: number) => {
    const { signs, order } = startOf(dim);
    const strictLower = mul(leaf(params, 'lower'), constant(triangle(dim, (row, column) => row > column)));
    const strictUpper = mul(leaf(params, 'upper'), constant(triangle(dim, (row, column) => row < column)));
    const size = softplus(leaf(params, 'diagonal'));
    return { strictLower, strictUpper, size, diagonal: mul(size, constant(hostTensor(signs, [dim]))), order };
  };
  return {
    description: 'linear, W = P L U',
    init: (_, dim): HostParams => {
      const { lower, upper, diagonal } = startOf(dim);
      return {
        lower: hostTensor(lower, [dim, dim]),
        upper: hostTensor(upper, [dim, dim]),
        diagonal: hostTensor(diagonal, [dim]),
      };
    },
    forward(params, x) {
      const { strictLower, strictUpper, size, diagonal, order } = parts(params, widthOf(x));
      // The diagonals are added as a product's bias: no matrix is put together.
      const upper = matmul(x, strictUpper, { transB: true, bias: mul(x, diagonal) });
      const lower = matmul(upper, strictLower, { transB: true, bias: upper });
      return { value: take(lower, order), logDet: sum(log(size)) };
    },
    inverse(params, z) {
      const dim = widthOf(z);
      const { strictLower, strictUpper, size, diagonal, order } = parts(params, dim);
      const lower = matmul(take(z, inverseOrder(order)), unitLowerInverse(strictLower), { transB: true });
      // U = D (I + N): divide its rows by the diagonal, invert, and undo the division.
      const unit = div(strictUpper, reshape(diagonal, [dim, 1]));
      const inverse = unitUpperInverse(unit);
      return { value: matmul(div(lower, diagonal), inverse, { transB: true }), logDet: neg(sum(log(size))) };
    },
  };
}

/** L, U and the diagonal of a matrix, and what is fixed about them. */
interface Start {
  readonly lower: Float32Array;
  readonly upper: Float32Array;
  readonly diagonal: Float32Array;
  readonly signs: Float32Array;
  readonly order: readonly number[];
}

function factorize(matrix: Matrix): Start {
  const lu = new LuDecomposition(matrix);
  const { upperTriangularMatrix: u, lowerTriangularMatrix: l } = lu;
  const pivots = u.diagonal();
  return {
    lower: Float32Array.from(l.to1DArray()),
    upper: Float32Array.from(u.to1DArray()),
    diagonal: Float32Array.from(pivots, (value) => inverseSoftplus(Math.abs(value))),
    signs: Float32Array.from(pivots, Math.sign),
    order: inverseOrder(lu.pivotPermutationVector),
  };
}

/** The number whose softplus is `value`. */
const inverseSoftplus = (value: number): number => value + Math.log(-Math.expm1(-value));

/** A rotation or reflection drawn evenly from all of them. */
function randomRotation(key: Key, dim: number): Matrix {
  const { orthogonalMatrix } = new QrDecomposition(Matrix.from1DArray(dim, dim, normalArray(key, dim * dim)));
  return orthogonalMatrix;
}

/** 1 where `keep` says so, [dim, dim]. */
export const triangle = (dim: number, keep: (row: number, column: number) => boolean): HostTensor =>
  hostTensor(
    Float32Array.from({ length: dim * dim }, (_, i) => (keep(Math.floor(i / dim), i % dim) ? 1 : 0)),
    [dim, dim],
  );

export const widthOf = (x: Tensor): number => x.shape.at(-1) as number;
