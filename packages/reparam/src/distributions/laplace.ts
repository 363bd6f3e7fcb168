import {
  abs,
  add,
  asTensor,
  broadcastTo,
  div,
  exp,
  log,
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
import type { NoiseSite } from '../context.ts';
import type { Reparameterizable, SampleWithLogProb } from './distribution.ts';
import { registerKl } from './kl.ts';

/** Centre, and scale or its logarithm. */
export type LaplaceParameters =
  | { readonly loc: TensorLike; readonly scale: TensorLike }
  | { readonly loc: TensorLike; readonly logScale: TensorLike };

/** Univariate Laplace distributions, one for each element of `loc`: density exp(−|x − loc| / b) / (2 b). */
export class Laplace implements Reparameterizable {
  readonly loc: Tensor;
  readonly scale: Tensor;
  readonly logScale: Tensor;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor(parameters: LaplaceParameters) {
    this.loc = asTensor(parameters.loc);
    const isLog = 'logScale' in parameters;
    this.logScale = isLog ? asTensor(parameters.logScale) : log(asTensor(parameters.scale));
    this.scale = isLog ? exp(this.logScale) : asTensor(parameters.scale);
    this.batchShape = add(this.loc, this.scale).shape;
  }

  get mean(): Tensor {
    return broadcastTo(this.loc, this.batchShape);
  }

  /** −|x − loc| / b − log 2b. */
  logProb(value: Tensor): Tensor {
    return this.#logProbOf(div(sub(value, this.loc), this.scale));
  }

  #logProbOf(standardized: Tensor): Tensor {
    return neg(add(abs(standardized), add(this.logScale, Math.LN2)));
  }

  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return this.rsampleWithLogProb(site, sampleShape).value;
  }

  /** loc + b e with e = ∓log(2 min(u, 1 − u)), u uniform, and its log-density written in e. */
  rsampleWithLogProb(site: NoiseSite, sampleShape: readonly number[] = []): SampleWithLogProb {
    const u = site.draw('uniform', [...sampleShape, ...this.batchShape], sampleShape.length);
    const noise = mul(neg(sign(sub(u, 0.5))), log(mul(minimum(u, sub(1, u)), 2)));
    return { value: add(this.loc, mul(this.scale, noise)), logProb: this.#logProbOf(noise) };
  }

  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  /** 1 + log 2b. */
  entropy(): Tensor {
    return broadcastTo(add(this.logScale, 1 + Math.LN2), this.batchShape);
  }
}

/** Laplace distributions from `loc` and `scale` or `logScale` (equal or broadcasting shapes). */
export const laplace = (parameters: LaplaceParameters): Laplace => new Laplace(parameters);

// With d = |loc_q − loc_p|: log(b_p / b_q) + (d + b_q e^(−d / b_q)) / b_p − 1.
registerKl(Laplace, Laplace, (q, p) => {
  const distance = abs(sub(q.loc, p.loc));
  const within = mul(q.scale, exp(neg(div(distance, q.scale))));
  return sub(add(sub(p.logScale, q.logScale), div(add(distance, within), p.scale)), 1);
});
