import {
  add,
  asTensor,
  broadcastTo,
  exp,
  greater,
  lbeta,
  less,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  type Shape,
  softplus,
  stopGradient,
  sub,
  type Tensor,
  type TensorLike,
  where,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { gammaFromNormals, gammaNoise, noEntropy, noiseNumber, poissonFromNormal } from './counts.ts';
import type { Distribution } from './distribution.ts';

/** Logarithms of the mean m and of the dispersion r; the variance is m + m²/r. */
export interface NegativeBinomialParameters {
  readonly logMean: TensorLike;
  readonly logDispersion: TensorLike;
}

/**
 * log(1 + eˣ) whose gradient is made of eˣ: the runtimes' sigmoid is a polynomial that is 0 or wrong below −17, which shows once it
 * is multiplied by a large dispersion.
 */
function preciseSoftplus(x: Tensor): Tensor {
  const isNegative = less(x, 0);
  const small = log1p(exp(where(isNegative, x, 0)));
  return where(isNegative, small, add(x, log1p(exp(neg(where(isNegative, 0, x))))));
}

/** A dispersion beyond this counts as this: the distribution is then Poisson as far as float32 can tell. */
export const largestLogDispersion = 20;

/** Negative binomial distributions over whole numbers from 0: Poisson ones whose rate is Gamma with mean m and shape r. */
export class NegativeBinomial implements Distribution {
  readonly logMean: Tensor;
  readonly logDispersion: Tensor;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor({ logMean, logDispersion }: NegativeBinomialParameters) {
    this.logMean = asTensor(logMean);
    this.logDispersion = minimum(logDispersion, largestLogDispersion);
    this.batchShape = add(this.logMean, this.logDispersion).shape;
  }

  /**
   * log Γ(x + r) − log Γ(r) − log x! + r log(r/(r + m)) + x log(m/(r + m)). The first three terms are written as
   * −log B(x + 1, r + 1) − log(1 + x/r) − log(x + r + 1), where nothing large cancels.
   */
  logProb(value: Tensor): Tensor {
    const r = exp(this.logDispersion);
    const isPositive = greater(value, 0);
    const logValue = log(where(isPositive, value, 1));
    const ratio = where(isPositive, softplus(sub(logValue, this.logDispersion)), 0);
    const counted = neg(add(add(lbeta(add(value, 1), add(r, 1)), ratio), log(add(add(value, r), 1))));
    const odds = sub(this.logMean, this.logDispersion);
    return sub(counted, add(mul(r, preciseSoftplus(odds)), mul(value, softplus(neg(odds)))));
  }

  get mean(): Tensor {
    return broadcastTo(exp(this.logMean), this.batchShape);
  }

  /** A Poisson draw whose rate is a gamma draw; see `gammaFromNormals` and `poissonFromNormal` for how exact. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const shape = [...sampleShape, ...this.batchShape, negativeBinomialNoise];
    return stopGradient(this.fromNormals(site.draw('normal', shape, sampleShape.length)));
  }

  /** The draw made of the first `negativeBinomialNoise` numbers along the last axis of `noise`. */
  fromNormals(noise: Tensor): Tensor {
    const r = maximum(exp(this.logDispersion), 1e-30);
    const rate = mul(gammaFromNormals(broadcastTo(r, this.batchShape), noise), exp(sub(this.logMean, log(r))));
    return poissonFromNormal(rate, noiseNumber(noise, gammaNoise));
  }

  entropy(): Tensor {
    return noEntropy('negative binomial');
  }
}

/** Normal numbers a draw needs. */
export const negativeBinomialNoise = gammaNoise + 1;

/** Negative binomial distributions from `logMean` and `logDispersion` (equal or broadcasting shapes). */
export const negativeBinomial = (parameters: NegativeBinomialParameters): NegativeBinomial =>
  new NegativeBinomial(parameters);
