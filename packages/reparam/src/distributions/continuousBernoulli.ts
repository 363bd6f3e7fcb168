import {
  abs,
  add,
  div,
  expm1,
  grad,
  greater,
  log,
  log1mExp,
  log1p,
  mul,
  neg,
  type Shape,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Distribution } from './distribution.ts';

/** log(sinh t / t) = t²/6 − t⁴/180 + … : 2²ⁿ⁻¹ B₂ₙ / (n (2n)!) for n = 1, 2, …. */
const series = [
  1 / 6,
  -1 / 180,
  1 / 2835,
  -1 / 37800,
  1 / 467775,
  -691 / 3831077250,
  2 / 127702575,
  -3617 / 2605132530000,
  43867 / 350813659321125,
  -174611 / 15313294652906250,
];

/** log(sinh t / t), with the series where |t| < 1/2 and |t| − log 2|t| + log(1 − e^(−2|t|)) beyond. */
function logSinhc(t: Tensor): Tensor {
  const isFar = greater(abs(t), 0.5);
  const near = where(isFar, 0, t);
  const u = square(near);
  const polynomial = series.reduceRight<Tensor | number>((total, c) => add(mul(u, total), c), 0) as Tensor;
  const far = where(isFar, abs(t), 1);
  const tail = add(sub(far, log(mul(far, 2))), log1mExp(mul(far, 2)));
  return where(isFar, tail, mul(u, polynomial));
}

/**
 * Continuous Bernoulli distributions on [0, 1] (Loaiza-Ganem and Cunningham 2019): the density proportional to
 * pˣ (1 − p)^(1 − x), p = σ(logits), with the constant that makes it one.
 */
export class ContinuousBernoulli implements Distribution {
  readonly logits: Tensor;
  readonly eventRank = 0;

  constructor({ logits }: { readonly logits: Tensor }) {
    this.logits = logits;
  }

  get batchShape(): Shape {
    return this.logits.shape;
  }

  get #logNormalizer(): Tensor {
    return logSinhc(mul(this.logits, 0.5));
  }

  /** x l − softplus(l) + log(l / tanh(l/2)) = (x − ½) l − log(sinh(l/2) / (l/2)): even and smooth in l, also at 0. */
  logProb(value: Tensor): Tensor {
    return sub(mul(sub(value, 0.5), this.logits), this.#logNormalizer);
  }

  /** ½ coth(l/2) − 1/l + ½, as the derivative of the normaliser. */
  get mean(): Tensor {
    return add(grad(sum(this.#logNormalizer), this.logits), 0.5);
  }

  /** log(1 + u (e^l − 1)) / l, computed for −|l| and mirrored; near l = 0 its first two terms. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const u = site.draw('uniform', [...sampleShape, ...this.batchShape], sampleShape.length);
    const size = neg(abs(this.logits));
    const isFlat = greater(size, -1e-3);
    const slope = where(isFlat, -1, size);
    const steep = div(log1p(mul(u, expm1(slope))), slope);
    const flat = add(u, mul(mul(size, 0.5), mul(u, sub(1, u))));
    const falling = where(isFlat, flat, steep);
    return stopGradient(where(greater(this.logits, 0), sub(1, falling), falling));
  }

  /** log(sinh(l/2) / (l/2)) − (mean − ½) l. */
  entropy(): Tensor {
    return sub(this.#logNormalizer, mul(sub(this.mean, 0.5), this.logits));
  }
}

/** Continuous Bernoulli distributions from `logits` (any shape). */
export const continuousBernoulli = (parameters: { readonly logits: Tensor }): ContinuousBernoulli =>
  new ContinuousBernoulli(parameters);
