import {
  add,
  cast,
  cumsum,
  equal,
  floor,
  greater,
  iota,
  logSoftmax,
  logSumExp,
  mul,
  neg,
  reshape,
  type Shape,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Distribution } from './distribution.ts';

/**
 * Distributions over K equally spaced values 0, 1/(K − 1), …, 1 (for K = 256: bytes as fractions), each with a probability
 * of its own. The logits [..., K, D] have the values along the axis before the last: what a decoder gives, unmoved.
 */
export class OrderedCategorical implements Distribution {
  readonly logits: Tensor;
  readonly levels: number;
  readonly eventRank = 0;

  constructor({ logits }: { readonly logits: Tensor }) {
    this.logits = logits;
    this.levels = logits.shape.at(-2) as number;
  }

  get batchShape(): Shape {
    return this.logits.shape.toSpliced(-2, 1);
  }

  /** 0 … K − 1 as [K, 1]. */
  get #indices(): Tensor {
    return reshape(cast(iota(this.levels), 'float32'), [this.levels, 1]);
  }

  /** Logit of the value's level minus the log-sum-exp of all. */
  logProb(value: Tensor): Tensor {
    const level = floor(add(mul(value, this.levels - 1), 0.5));
    const each = reshape(level, level.shape.toSpliced(-1, 0, 1));
    const chosen = sum(where(equal(this.#indices, each), this.logits, 0), { axes: -2 });
    return sub(chosen, logSumExp(this.logits, { axes: -2 }));
  }

  get mean(): Tensor {
    return mul(sum(mul(softmax(this.logits, -2), this.#indices), { axes: -2 }), 1 / (this.levels - 1));
  }

  /** By the inverse of the distribution function: one uniform number a value. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const u = site.draw('uniform', [...sampleShape, ...this.batchShape], sampleShape.length);
    const each = reshape(u, u.shape.toSpliced(-1, 0, 1));
    // The last level takes what rounding leaves of 1.
    const below = slice(cumsum(softmax(this.logits, -2), -2), -2, 0, this.levels - 1);
    return mul(sum(cast(greater(each, below), 'float32'), { axes: -2 }), 1 / (this.levels - 1));
  }

  /** −Σ p log p. */
  entropy(): Tensor {
    return neg(sum(mul(softmax(this.logits, -2), logSoftmax(this.logits, -2)), { axes: -2 }));
  }
}

/** Distributions over K equally spaced values in [0, 1] from `logits` of shape [..., K, D]. */
export const orderedCategorical = (parameters: { readonly logits: Tensor }): OrderedCategorical =>
  new OrderedCategorical(parameters);
