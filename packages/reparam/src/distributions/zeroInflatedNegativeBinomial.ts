import {
  add,
  asTensor,
  greater,
  logAddExp,
  mul,
  neg,
  type Shape,
  sigmoid,
  softplus,
  stopGradient,
  sub,
  type Tensor,
  type TensorLike,
  where,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { noEntropy, noiseNumber, uniformOf } from './counts.ts';
import type { Distribution } from './distribution.ts';
import { NegativeBinomial, type NegativeBinomialParameters, negativeBinomialNoise } from './negativeBinomial.ts';

/** A negative binomial, and the logit of the probability of a zero that is none of its own. */
export interface ZeroInflatedParameters extends NegativeBinomialParameters {
  readonly zeroLogits: TensorLike;
}

/** Mixtures of a point mass at 0, with probability σ(zeroLogits), and a negative binomial (Lopez et al. 2018). */
export class ZeroInflatedNegativeBinomial implements Distribution {
  readonly zeroLogits: Tensor;
  readonly counts: NegativeBinomial;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor({ zeroLogits, ...counts }: ZeroInflatedParameters) {
    this.zeroLogits = asTensor(zeroLogits);
    this.counts = new NegativeBinomial(counts);
    this.batchShape = add(add(this.counts.logMean, this.counts.logDispersion), this.zeroLogits).shape;
  }

  /** With l the logit: log(e^l + p_NB(0)) − softplus(l) at 0, log p_NB(x) − softplus(l) elsewhere. */
  logProb(value: Tensor): Tensor {
    const counted = this.counts.logProb(value);
    const either = where(greater(value, 0), counted, logAddExp(this.zeroLogits, counted));
    return sub(either, softplus(this.zeroLogits));
  }

  get mean(): Tensor {
    return mul(this.counts.mean, sigmoid(neg(this.zeroLogits)));
  }

  /** A negative binomial draw, or 0. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const shape = [...sampleShape, ...this.batchShape, negativeBinomialNoise + 1];
    const noise = site.draw('normal', shape, sampleShape.length);
    const isCounted = greater(uniformOf(noiseNumber(noise, negativeBinomialNoise)), sigmoid(this.zeroLogits));
    return stopGradient(where(isCounted, this.counts.fromNormals(noise), 0));
  }

  entropy(): Tensor {
    return noEntropy('zero-inflated negative binomial');
  }
}

/** Zero-inflated negative binomial distributions from `logMean`, `logDispersion` and `zeroLogits`. */
export const zeroInflatedNegativeBinomial = (parameters: ZeroInflatedParameters): ZeroInflatedNegativeBinomial =>
  new ZeroInflatedNegativeBinomial(parameters);
