import { abs, add, div, exp, log, minimum, mul, neg, type Shape, sign, sub, type Tensor } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { registerKl } from './kl.ts';
import { LocationScale, type LocationScaleParameters } from './locationScale.ts';

/** Centre, and scale or its logarithm. */
export type LaplaceParameters = LocationScaleParameters;

/** Univariate Laplace distributions, one for each element of `loc`: density exp(−|x − loc| / b) / (2 b). */
export class Laplace extends LocationScale {
  protected readonly logNormalizer = Math.LN2;
  protected readonly standardEntropy = 1 + Math.LN2;

  protected kernel(t: Tensor): Tensor {
    return neg(abs(t));
  }

  /** ∓log(2 min(u, 1 − u)), u uniform. */
  protected draw(site: NoiseSite, shape: Shape, rowAxis: number): Tensor {
    const u = site.draw('uniform', shape, rowAxis);
    return mul(neg(sign(sub(u, 0.5))), log(mul(minimum(u, sub(1, u)), 2)));
  }
}

/** Laplace distributions from `loc` and `scale` or `logScale` (equal or broadcasting shapes). */
export const laplace = (parameters: LaplaceParameters): Laplace => new Laplace(parameters);

// With d = |loc_q − loc_p|: log(b_p / b_q) + (d + b_q e^(−d / b_q)) / b_p − 1.
registerKl(Laplace, Laplace, (q, p) => {
  const distance = abs(sub(q.loc, p.loc));
  const within = mul(q.scale, exp(neg(div(distance, q.scale))));
  return sub(add(sub(p.logScale, q.logScale), div(add(distance, within), p.scale)), 1);
});
