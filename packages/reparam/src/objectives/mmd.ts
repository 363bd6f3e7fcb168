import {
  add,
  div,
  exp,
  matmul,
  maximum,
  mul,
  neg,
  reshape,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import { isDiagonal } from './isDiagonal.ts';

/** A positive definite kernel of two vectors at distance r, with bandwidth h. */
export interface KernelOptions {
  /** `imq`: inverse multiquadratic, 2h²/(2h² + r²), whose tails reach far; `rbf`: exp(−r²/(2h²)). */
  readonly kind?: 'imq' | 'rbf';
  /** h; default √d for vectors of d numbers, so that 2h² is the mean squared distance of two draws from N(0, I). */
  readonly bandwidth?: number | undefined;
}

/** k(a_i, b_j) of all pairs of rows: [n, d] and [m, d] to [n, m]. */
export function kernelMatrix(a: Tensor, b: Tensor, { kind = 'imq', bandwidth }: KernelOptions = {}): Tensor {
  const width = 2 * (bandwidth === undefined ? (a.shape[1] as number) : bandwidth ** 2);
  const norms = (t: Tensor) => sum(square(t), { axes: 1 });
  const products = matmul(a, b, { transB: true });
  const squared = sub(add(reshape(norms(a), [-1, 1]), reshape(norms(b), [1, -1])), mul(products, 2));
  return kind === 'imq' ? div(width, add(squared, width)) : exp(mul(neg(squared), 1 / width));
}

/**
 * Squared maximum mean discrepancy of two samples a and b [n, d] (Gretton et al. 2012), the rows of both weighted by
 * `weights` [n] (sum 1; 0 leaves a row out). `unbiased` leaves out the pairs of a row with itself, and has mean 0 when a
 * and b are of one distribution; `biased` counts them, and is never negative.
 */
export function squaredMmd(
  a: Tensor,
  b: Tensor,
  weights: Tensor,
  kernel: KernelOptions = {},
  estimator: 'unbiased' | 'biased' = 'unbiased',
): Tensor {
  const rows = weights.shape[0] as number;
  const pairs = mul(reshape(weights, [rows, 1]), reshape(weights, [1, rows]));
  const distinct = where(isDiagonal(rows), 0, pairs);
  const selfWeight = sum(square(weights));
  const within = (t: Tensor) => {
    const off = sum(mul(kernelMatrix(t, t, kernel), distinct));
    // k(t, t) = 1. One row alone has no pair.
    return estimator === 'biased' ? add(off, selfWeight) : div(off, maximum(sub(1, selfWeight), 1e-6));
  };
  const between = sum(mul(kernelMatrix(a, b, kernel), pairs));
  return sub(add(within(a), within(b)), mul(between, 2));
}
