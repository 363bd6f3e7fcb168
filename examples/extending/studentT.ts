import {
  add,
  asTensor,
  broadcastTo,
  cos,
  digammaDifference,
  div,
  expm1,
  lbeta,
  log,
  log1p,
  mul,
  neg,
  type Shape,
  sqrt,
  square,
  stopGradient,
  sub,
  type Tensor,
  type TensorLike,
} from '@reparam/tensor';
import type { NoiseSite, Reparameterizable, SampleWithLogProb } from 'reparam';

/** Location, scale, and the degrees of freedom ν: 1 is a Cauchy distribution, ∞ a normal one. */
export interface StudentTParameters {
  readonly loc: TensorLike;
  readonly scale: TensorLike;
  readonly dof: TensorLike;
}

/** Student's t distributions, one for each element: density (1 + t²/ν)^(−(ν + 1)/2) / (s √ν B(ν/2, ½)), t = (x − loc)/s. */
export class StudentT implements Reparameterizable {
  readonly loc: Tensor;
  readonly scale: Tensor;
  readonly dof: Tensor;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor({ loc, scale, dof }: StudentTParameters) {
    this.loc = asTensor(loc);
    this.scale = asTensor(scale);
    this.dof = asTensor(dof);
    this.batchShape = add(this.loc, add(this.scale, this.dof)).shape;
  }

  /** The centre, which is the mean where ν > 1. */
  get mean(): Tensor {
    return broadcastTo(this.loc, this.batchShape);
  }

  /** log(s √ν B(ν/2, ½)). */
  get #logNormalizer(): Tensor {
    const { scale, dof } = this;
    return add(add(log(scale), mul(log(dof), 0.5)), lbeta(mul(dof, 0.5), 0.5));
  }

  logProb(value: Tensor): Tensor {
    const t = div(sub(value, this.loc), this.scale);
    return neg(add(mul(mul(add(this.dof, 1), 0.5), log1p(div(square(t), this.dof))), this.#logNormalizer));
  }

  /** loc + s √(ν (u^(−2/ν) − 1)) cos 2πv with u, v uniform (Bailey 1994). */
  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const uniform = (name: string) =>
      site.child(name).draw('uniform', [...sampleShape, ...this.batchShape], sampleShape.length);
    const radius = sqrt(mul(this.dof, expm1(div(mul(log(uniform('radius')), -2), this.dof))));
    return add(this.loc, mul(this.scale, mul(radius, cos(mul(uniform('angle'), 2 * Math.PI)))));
  }

  rsampleWithLogProb(site: NoiseSite, sampleShape?: readonly number[]): SampleWithLogProb {
    const value = this.rsample(site, sampleShape);
    return { value, logProb: this.logProb(value) };
  }

  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  entropy(): Tensor {
    const slope = mul(mul(add(this.dof, 1), 0.5), digammaDifference(mul(this.dof, 0.5), 0.5));
    return broadcastTo(add(slope, this.#logNormalizer), this.batchShape);
  }
}
