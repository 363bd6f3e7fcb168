import {
  add,
  argMax,
  cast,
  iota,
  log,
  logSoftmax,
  mul,
  neg,
  oneHot,
  type Shape,
  softmax,
  sum,
  type Tensor,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Distribution } from './distribution.ts';

/** Distributions over K classes, with unnormalised log-probabilities along the last axis. */
export class Categorical implements Distribution {
  readonly logits: Tensor;
  readonly numClasses: number;
  readonly eventRank = 0;

  constructor({ logits }: { readonly logits: Tensor }) {
    this.logits = logits;
    this.numClasses = logits.shape.at(-1) as number;
  }

  get batchShape(): Shape {
    return this.logits.shape.slice(0, -1);
  }

  get probs(): Tensor {
    return softmax(this.logits);
  }

  /** log p of class numbers (int32, or float32 holding whole numbers). */
  logProb(value: Tensor): Tensor {
    const classes = value.dtype === 'int32' ? value : cast(value, 'int32');
    return sum(mul(oneHot(classes, this.numClasses), logSoftmax(this.logits)), { axes: -1 });
  }

  /** The expected class number; meaningful for ordered classes only. */
  get mean(): Tensor {
    return sum(mul(this.probs, cast(iota(this.numClasses), 'float32')), { axes: -1 });
  }

  /** Class numbers as int32, by the Gumbel-max trick. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const shape = [...sampleShape, ...this.logits.shape];
    const uniform = site.draw('uniform', shape, sampleShape.length);
    return argMax(add(this.logits, neg(log(neg(log(uniform))))), -1);
  }

  /** −Σ p log p. */
  entropy(): Tensor {
    return neg(sum(mul(this.probs, logSoftmax(this.logits)), { axes: -1 }));
  }
}

/** Categorical distributions from `logits` of shape [..., K]. */
export const categorical = (parameters: { readonly logits: Tensor }): Categorical => new Categorical(parameters);
