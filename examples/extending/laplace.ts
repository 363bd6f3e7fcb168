import {
  abs,
  add,
  asTensor,
  div,
  exp,
  log,
  maximum,
  minimum,
  mul,
  neg,
  type Shape,
  sign,
  stopGradient,
  sub,
  type Tensor,
  type TensorLike,
} from '@reparam/tensor';
import { type NoiseSite, type Reparameterizable, registerKl, type SampleWithLogProb } from 'reparam';

/** Laplace distributions: density exp(−|x − loc| / scale) / (2 · scale), one for each element of `loc`. */
export class Laplace implements Reparameterizable {
  readonly loc: Tensor;
  readonly scale: Tensor;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor({ loc, scale }: { readonly loc: TensorLike; readonly scale: TensorLike }) {
    this.loc = asTensor(loc);
    this.scale = asTensor(scale);
    this.batchShape = add(this.loc, this.scale).shape;
  }

  get mean(): Tensor {
    return this.loc;
  }

  logProb(value: Tensor): Tensor {
    return neg(add(div(abs(sub(value, this.loc)), this.scale), log(mul(this.scale, 2))));
  }

  /** loc − scale · sign(u) · log(1 − 2|u|) with u uniform on (−½, ½). */
  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const u = sub(site.draw('uniform', [...sampleShape, ...this.batchShape], sampleShape.length), 0.5);
    const tail = maximum(sub(1, mul(abs(u), 2)), 1e-7);
    return sub(this.loc, mul(this.scale, mul(sign(u), log(tail))));
  }

  rsampleWithLogProb(site: NoiseSite, sampleShape?: readonly number[]): SampleWithLogProb {
    const value = this.rsample(site, sampleShape);
    return { value, logProb: this.logProb(value) };
  }

  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  entropy(): Tensor {
    return add(log(mul(this.scale, 2)), 1);
  }
}

// With d = |loc_q − loc_p|: log(scale_p/scale_q) + (d + scale_q e^(−d/scale_q)) / scale_p − 1.
registerKl(Laplace, Laplace, (q, p) => {
  const distance = abs(sub(q.loc, p.loc));
  const shared = mul(q.scale, exp(minimum(neg(div(distance, q.scale)), 0)));
  return sub(add(log(div(p.scale, q.scale)), div(add(distance, shared), p.scale)), 1);
});
