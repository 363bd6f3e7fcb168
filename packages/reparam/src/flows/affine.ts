import { add, div, exp, mul, neg, sub, sum, type Tensor, tanh } from '@reparam/tensor';
import type { Transformed } from './flow.ts';

/** How a scale is kept in bounds. */
export interface AffineOptions {
  /** Largest absolute log-scale: log s becomes bound · tanh(log s / bound). Left out, it is not bounded. */
  readonly logScaleBound?: number | undefined;
}

/** log s itself, or within ±bound. */
export const bounded = (logScale: Tensor, { logScaleBound }: AffineOptions): Tensor =>
  logScaleBound === undefined ? logScale : mul(tanh(div(logScale, logScaleBound)), logScaleBound);

/** (x − μ) / s, and −Σ log s. */
export const standardize = (x: Tensor, loc: Tensor, logScale: Tensor): Transformed => ({
  value: mul(sub(x, loc), exp(neg(logScale))),
  logDet: neg(sum(logScale, { axes: -1 })),
});

/** μ + s z, and Σ log s: the inverse of `standardize`. */
export const unstandardize = (z: Tensor, loc: Tensor, logScale: Tensor): Transformed => ({
  value: add(loc, mul(z, exp(logScale))),
  logDet: sum(logScale, { axes: -1 }),
});
