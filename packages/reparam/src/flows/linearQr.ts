import {
  constant,
  div,
  exp,
  foldIn,
  hostTensor,
  matmul,
  mul,
  neg,
  normalArray,
  ReparamError,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { leaf, type SymbolicParams } from '../params.ts';
import type { Flow } from './flow.ts';
import { triangle, widthOf } from './linearLu.ts';
import { unitUpperInverse } from './triangularInverse.ts';

/** Options of the QR flow. */
export interface LinearQrOptions {
  /** Reflections that Q is a product of; default one for each dimension, which reaches every Q with the sign (−1)^dim. */
  readonly reflections?: number;
}

/**
 * z = W x with W = Q R: Q = H_1 … H_K a product of Householder reflections I − 2 v vᵀ / ‖v‖², so orthogonal whatever
 * the parameters are; R upper triangular with diagonal exp(r). log abs det W = Σ r_i. It starts as a rotation.
 */
export function linearQr({ reflections }: LinearQrOptions = {}): Flow {
  if (reflections !== undefined && !(Number.isInteger(reflections) && reflections > 0)) {
    throw new ReparamError('config', 'reflections', { got: String(reflections), expected: 'a positive whole number' });
  }
  return {
    description: 'linear, W = Q R',
    init: (key, dim) => {
      const count = reflections ?? dim;
      return {
        reflections: hostTensor(normalArray(foldIn(key, 'reflections'), count * dim), [count, dim]),
        upper: hostTensor(new Float32Array(dim * dim), [dim, dim]),
        logDiagonal: hostTensor(new Float32Array(dim), [dim]),
      };
    },
    forward(params, x) {
      const { strictUpper, logDiagonal } = triangularPart(params, widthOf(x));
      const scaled = matmul(x, strictUpper, { transB: true, bias: mul(x, exp(logDiagonal)) });
      return { value: rotate(params, scaled, false), logDet: sum(logDiagonal) };
    },
    inverse(params, z) {
      const { strictUpper, logDiagonal } = triangularPart(params, widthOf(z));
      const scale = exp(neg(logDiagonal));
      const unit = mul(strictUpper, reshape(scale, [-1, 1]));
      const rotated = mul(rotate(params, z, true), scale);
      return { value: matmul(rotated, unitUpperInverse(unit), { transB: true }), logDet: neg(sum(logDiagonal)) };
    },
  };
}

const triangularPart = (params: SymbolicParams, dim: number) => ({
  strictUpper: mul(leaf(params, 'upper'), constant(triangle(dim, (row, column) => row < column))),
  logDiagonal: leaf(params, 'logDiagonal'),
});

/**
 * Q applied to rows (or Qᵀ), all reflections at once: with the unit vectors as rows of V,
 * H_1 … H_K = I − 2 Vᵀ (I + N)⁻¹ V, N = 2 · strict upper part of V Vᵀ (Joffrain et al. 2006).
 */
function rotate(params: SymbolicParams, x: Tensor, transposed: boolean): Tensor {
  const raw = leaf(params, 'reflections');
  const count = raw.shape[0] as number;
  const vectors = div(raw, reshape(sqrt(sum(square(raw), { axes: 1 })), [count, 1]));
  const products = matmul(vectors, vectors, { transB: true });
  const strictUpper = mul(products, constant(triangle(count, (row, column) => row < column)));
  const between = unitUpperInverse(mul(strictUpper, 2));
  // Rows: (Q x)ᵀ = xᵀ − 2 xᵀ Vᵀ Tᵀ V with T = (I + N)⁻¹.
  const along = matmul(matmul(x, vectors, { transB: true }), between, { transB: !transposed });
  return sub(x, mul(matmul(along, vectors), 2));
}
