import {
  add,
  asTensor,
  broadcastTo,
  div,
  log,
  log1p,
  logSigmoid,
  mul,
  neg,
  type Shape,
  stopGradient,
  sub,
  type Tensor,
  type TensorLike,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Reparameterizable, SampleWithLogProb } from './distribution.ts';

/** Centre and scale of logistic distributions. */
export interface LogisticParameters {
  readonly loc: TensorLike;
  readonly scale: TensorLike;
}

/** Logistic distributions, one for each element of `loc`: distribution function σ((x − loc) / scale). */
export class Logistic implements Reparameterizable {
  readonly loc: Tensor;
  readonly scale: Tensor;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor({ loc, scale }: LogisticParameters) {
    this.loc = asTensor(loc);
    this.scale = asTensor(scale);
    this.batchShape = add(this.loc, this.scale).shape;
  }

  get mean(): Tensor {
    return broadcastTo(this.loc, this.batchShape);
  }

  /** log σ(t) + log σ(−t) − log scale, t = (x − loc) / scale. */
  logProb(value: Tensor): Tensor {
    const t = div(sub(value, this.loc), this.scale);
    return sub(add(logSigmoid(t), logSigmoid(neg(t))), log(this.scale));
  }

  /** loc + scale · logit(u), u uniform. */
  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const u = site.draw('uniform', [...sampleShape, ...this.batchShape], sampleShape.length);
    return add(this.loc, mul(this.scale, sub(log(u), log1p(neg(u)))));
  }

  rsampleWithLogProb(site: NoiseSite, sampleShape?: readonly number[]): SampleWithLogProb {
    const value = this.rsample(site, sampleShape);
    return { value, logProb: this.logProb(value) };
  }

  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  /** log scale + 2. */
  entropy(): Tensor {
    return broadcastTo(add(log(this.scale), 2), this.batchShape);
  }
}

/** Logistic distributions of centre `loc` and scale `scale` (equal or broadcasting shapes). */
export const logistic = (parameters: LogisticParameters): Logistic => new Logistic(parameters);
