import {
  add,
  constant,
  expm1,
  log,
  logSigmoid,
  mul,
  neg,
  ReparamError,
  type Shape,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { logistic, type Reparameterizable, type SampleWithLogProb } from '../distributions/index.ts';

/**
 * q(z given x) of a model whose bit i is 1 where a standard logistic z_i lies below the logit l_i: the logistic distribution cut off at
 * l_i on the side that x_i is not on. log q(z) = log p(z) − Σ log σ(±l_i).
 */
export class ThresholdCode implements Reparameterizable {
  readonly eventRank = 1;
  /** ±1 for each bit. */
  readonly #side: Tensor;
  /** log of the probability of each bit's side. */
  readonly #logShare: Tensor;

  /** Bits and logits [B, D]. */
  constructor(bits: Tensor, logits: Tensor) {
    this.#side = sub(mul(bits, 2), 1);
    this.#logShare = logSigmoid(mul(this.#side, logits));
  }

  get batchShape(): Shape {
    return this.#side.shape.slice(0, -1);
  }

  /** The quantile u of the side's distribution, counted from the far end. */
  #at(u: Tensor): Tensor {
    const logProbability = (share: Tensor) => sub(share, log(neg(expm1(share))));
    // No gradient: the bound is the same at every z.
    return stopGradient(mul(this.#side, logProbability(add(this.#logShare, log(u)))));
  }

  rsampleWithLogProb(site: NoiseSite, sampleShape: readonly number[] = []): SampleWithLogProb {
    const value = this.rsample(site, sampleShape);
    return { value, logProb: this.logProb(value) };
  }

  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return this.#at(site.draw('uniform', [...sampleShape, ...this.#side.shape], sampleShape.length));
  }

  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return this.rsample(site, sampleShape);
  }

  /** For values on the side of their bits. */
  logProb(value: Tensor): Tensor {
    return sum(sub(logistic({ loc: 0, scale: 1 }).logProb(value), this.#logShare), { axes: -1 });
  }

  /** The median of each dimension. */
  get mean(): Tensor {
    return this.#at(constant(0.5));
  }

  entropy(): Tensor {
    throw new ReparamError('unsupported', 'no entropy in closed form of a truncated logistic', {
      fix: 'Average −log q over draws',
    });
  }
}
