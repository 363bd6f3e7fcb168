import { add, ReparamError, type Shape, stopGradient, sub, type Tensor } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Reparameterizable, SampleWithLogProb } from '../distributions/index.ts';
import type { Transformed } from './flow.ts';

/** A flow with its parameters, in the two directions, for values of any leading axes. */
export interface BoundFlow {
  forward(x: Tensor): Transformed;
  readonly inverse?: ((z: Tensor) => Transformed) | undefined;
  /** For messages. */
  readonly description: string;
}

const noInverse = (what: string, { description }: BoundFlow): ReparamError =>
  new ReparamError('unsupported', `${what} needs the inverse of the flow`, {
    got: `${description}, whose inverse has no closed form`,
    expected: 'a flow with an inverse: coupling, linear, radial, activation normalisation or autoregressive',
  });

const noClosedForm = (what: string): ReparamError =>
  new ReparamError('unsupported', `${what} of a distribution made by a flow has no closed form`, {
    fix: 'Average −log p over draws',
  });

/**
 * The distribution of f(ε), ε from `base`: log q(f(ε)) = log p(ε) − log abs det J_f(ε), so a draw and its density need no inverse.
 * `logProb` of any other value does.
 */
export class PushForward implements Reparameterizable {
  readonly base: Reparameterizable;
  readonly flow: BoundFlow;
  readonly eventRank = 1;

  constructor(base: Reparameterizable, flow: BoundFlow) {
    this.base = base;
    this.flow = flow;
  }

  get batchShape(): Shape {
    return this.base.batchShape;
  }

  rsampleWithLogProb(site: NoiseSite, sampleShape?: readonly number[]): SampleWithLogProb {
    const { value, logProb } = this.base.rsampleWithLogProb(site, sampleShape);
    const moved = this.flow.forward(value);
    return { value: moved.value, logProb: sub(logProb, moved.logDet) };
  }

  rsample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return this.rsampleWithLogProb(site, sampleShape).value;
  }

  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  logProb(value: Tensor): Tensor {
    if (!this.flow.inverse) throw noInverse('the density of a value that was not drawn here', this.flow);
    const origin = this.flow.inverse(value);
    return add(this.base.logProb(origin.value), origin.logDet);
  }

  /** Where the base's mean goes: a place in the middle of the distribution, not its mean, which has no closed form. */
  get mean(): Tensor {
    return this.flow.forward(this.base.mean).value;
  }

  entropy(): Tensor {
    throw noClosedForm('the entropy');
  }
}

/**
 * The distribution of values that the flow takes to `base`: log p(x) = log p(f(x)) + log abs det J_f(x). A draw needs the flow's
 * inverse, its density does not.
 */
export const pullBack = (base: Reparameterizable, flow: BoundFlow): PushForward =>
  new PushForward(base, reversed(flow));

function reversed(flow: BoundFlow): BoundFlow {
  const { inverse = missing('a draw', flow), forward, description } = flow;
  return { description, forward: inverse, inverse: forward };
}

const missing = (what: string, flow: BoundFlow) => (): never => {
  throw noInverse(what, flow);
};
