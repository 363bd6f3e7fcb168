import { add, broadcastTo, constant, neg, ReparamError, type Shape, stopGradient, type Tensor } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Distribution, Reparameterizable, SampleWithLogProb } from '../distributions/index.ts';
import type { BoundFlow } from '../flows/index.ts';
import type { Treatment } from './treatment.ts';

/** A draw of q(z given x) of a flow, with what its treatment did to volumes, [..., B]. */
export interface FlowDraw extends SampleWithLogProb {
  readonly treatmentLogDet: Tensor;
}

const noDensity = (what: string) =>
  new ReparamError('unsupported', `a point mass has no ${what}`, {
    fix: 'Use the draws, which come with −log abs det J in the place of log q',
  });

/**
 * q(z given x) = δ(z − f(x)), f a flow after the data's treatment (whose dequantisation noise makes it a cloud of such points). In the
 * place of log q its draws have −log abs det J_f(x): what is left of log q − log p(x given z) when two normal distributions around the
 * points shrink together (Nielsen et al. 2020).
 */
export class FlowCode implements Reparameterizable {
  readonly x: Tensor;
  readonly flow: BoundFlow;
  readonly treatment: Treatment;
  readonly eventRank = 1;

  constructor(x: Tensor, flow: BoundFlow, treatment: Treatment) {
    this.x = x;
    this.flow = flow;
    this.treatment = treatment;
  }

  get batchShape(): Shape {
    return this.x.shape.slice(0, -1);
  }

  #at(noise: Tensor): FlowDraw {
    const treated = this.treatment.forward(this.x, noise);
    const { value, logDet } = this.flow.forward(treated.value);
    return { value, logProb: neg(add(treated.logDet, logDet)), treatmentLogDet: treated.logDet };
  }

  rsampleWithLogProb(site: NoiseSite, sampleShape: readonly number[] = []): FlowDraw {
    const lead = [...sampleShape, ...this.batchShape];
    const dim = this.x.shape.at(-1)!;
    const { isNoisy } = this.treatment;
    const { value, logProb, treatmentLogDet } = this.#at(
      isNoisy ? site.draw('uniform', [...lead, dim], sampleShape.length) : constant(0.5),
    );
    return {
      value: broadcastTo(value, [...lead, dim]),
      logProb: broadcastTo(logProb, lead),
      treatmentLogDet: broadcastTo(treatmentLogDet, lead),
    };
  }

  rsample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return this.rsampleWithLogProb(site, sampleShape).value;
  }

  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  /** The code of the middle of each value's step. */
  get mean(): Tensor {
    return this.#at(constant(0.5)).value;
  }

  logProb(): Tensor {
    throw noDensity('density');
  }

  entropy(): Tensor {
    throw noDensity('entropy');
  }
}

/** p(x given z): all of it at one point, which is computed where it is asked for only. Its log-probability of that point is 0. */
export class PointLikelihood implements Distribution {
  readonly batchShape: Shape;
  readonly eventRank = 1;
  readonly #point: () => Tensor;

  constructor(batchShape: Shape, point: () => Tensor) {
    this.batchShape = batchShape;
    this.#point = point;
  }

  get mean(): Tensor {
    return this.#point();
  }

  /** 0: values are taken to be the point of their own code. */
  logProb(): Tensor {
    return broadcastTo(constant(0), this.batchShape);
  }

  sample(): Tensor {
    return stopGradient(this.mean);
  }

  entropy(): Tensor {
    return broadcastTo(constant(0), this.batchShape);
  }
}
