import {
  add,
  bernoulliEventLogProb,
  bernoulliLogProb,
  cast,
  less,
  mul,
  neg,
  type Shape,
  sigmoid,
  softplus,
  type Tensor,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Distribution } from './distribution.ts';

/** Bernoulli distributions with success probability σ(logits). */
export class Bernoulli implements Distribution {
  readonly logits: Tensor;
  readonly eventRank = 0;

  constructor({ logits }: { readonly logits: Tensor }) {
    this.logits = logits;
  }

  get batchShape(): Shape {
    return this.logits.shape;
  }

  /** x·l − softplus(l). */
  logProb(value: Tensor): Tensor {
    return bernoulliLogProb(value, this.logits);
  }

  eventLogProb(value: Tensor, rank: number): Tensor | undefined {
    return rank === 1 ? bernoulliEventLogProb(value, this.logits) : undefined;
  }

  get probs(): Tensor {
    return sigmoid(this.logits);
  }

  get mean(): Tensor {
    return this.probs;
  }

  /** Zeros and ones as float32. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const shape = [...sampleShape, ...this.batchShape];
    return cast(less(site.draw('uniform', shape, sampleShape.length), this.probs), 'float32');
  }

  /** softplus(l) − l σ(l). */
  entropy(): Tensor {
    return add(softplus(this.logits), neg(mul(this.logits, this.probs)));
  }
}

/** Bernoulli distributions from `logits` (any shape). */
export const bernoulli = (parameters: { readonly logits: Tensor }): Bernoulli => new Bernoulli(parameters);
