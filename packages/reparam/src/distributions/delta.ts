import {
  broadcastTo,
  cast,
  constant,
  equal,
  greater,
  logicalNot,
  type Shape,
  stopGradient,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Reparameterizable, SampleWithLogProb } from './distribution.ts';

/**
 * Point masses at vectors `loc` [..., d]. Log-probabilities are those of the point itself, 0 there and −∞ elsewhere: they
 * do not compare with densities, so a divergence from a density has no value either.
 */
export class Delta implements Reparameterizable {
  readonly loc: Tensor;
  readonly eventRank = 1;

  constructor({ loc }: { readonly loc: Tensor }) {
    this.loc = loc;
  }

  get batchShape(): Shape {
    return this.loc.shape.slice(0, -1);
  }

  get mean(): Tensor {
    return this.loc;
  }

  /** 0 where every number of `value` is that of `loc`, else −∞. */
  logProb(value: Tensor): Tensor {
    const misses = sum(cast(logicalNot(equal(value, this.loc)), 'float32'), { axes: -1 });
    return where(greater(misses, 0), Number.NEGATIVE_INFINITY, 0);
  }

  rsample(_site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return broadcastTo(this.loc, [...sampleShape, ...this.loc.shape]);
  }

  rsampleWithLogProb(site: NoiseSite, sampleShape: readonly number[] = []): SampleWithLogProb {
    const value = this.rsample(site, sampleShape);
    return { value, logProb: broadcastTo(constant(0), value.shape.slice(0, -1)) };
  }

  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  /** 0: a point mass leaves nothing open. */
  entropy(): Tensor {
    return broadcastTo(constant(0), this.batchShape);
  }
}

/** Point masses at `loc` [..., d]. */
export const delta = (parameters: { readonly loc: Tensor }): Delta => new Delta(parameters);
