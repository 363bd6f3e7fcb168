import {
  add,
  asTensor,
  broadcastTo,
  div,
  exp,
  log,
  mul,
  type Shape,
  square,
  stopGradient,
  sub,
  type Tensor,
  type TensorLike,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Reparameterizable, SampleWithLogProb } from './distribution.ts';

const halfLog2Pi = 0.5 * Math.log(2 * Math.PI);

/** Mean and one of standard deviation, its logarithm, or the logarithm of the variance. */
export type NormalParameters =
  | { readonly loc: TensorLike; readonly scale: TensorLike }
  | { readonly loc: TensorLike; readonly logScale: TensorLike }
  | { readonly loc: TensorLike; readonly logVariance: TensorLike };

/** Univariate normal distributions, one for each element of `loc`. */
export class Normal implements Reparameterizable {
  readonly loc: Tensor;
  readonly scale: Tensor;
  readonly logScale: Tensor;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor(parameters: NormalParameters) {
    this.loc = asTensor(parameters.loc);
    if ('scale' in parameters) {
      this.scale = asTensor(parameters.scale);
      this.logScale = log(this.scale);
    } else {
      this.logScale = 'logScale' in parameters ? asTensor(parameters.logScale) : mul(parameters.logVariance, 0.5);
      this.scale = exp(this.logScale);
    }
    this.batchShape = add(this.loc, this.scale).shape;
  }

  get mean(): Tensor {
    return broadcastTo(this.loc, this.batchShape);
  }

  /** −½ ((x − μ)/σ)² − log σ − ½ log 2π. */
  logProb(value: Tensor): Tensor {
    const standardized = div(sub(value, this.loc), this.scale);
    return this.#logProbOf(standardized);
  }

  #logProbOf(standardized: Tensor): Tensor {
    return sub(mul(square(standardized), -0.5), add(this.logScale, halfLog2Pi));
  }

  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return this.rsampleWithLogProb(site, sampleShape).value;
  }

  /** μ + σ ε with ε ~ N(0, 1), and its log-density written in ε. */
  rsampleWithLogProb(site: NoiseSite, sampleShape: readonly number[] = []): SampleWithLogProb {
    const shape = [...sampleShape, ...this.batchShape];
    const noise = site.draw('normal', shape, sampleShape.length);
    return { value: add(this.loc, mul(this.scale, noise)), logProb: this.#logProbOf(noise) };
  }

  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  /** ½ log 2πe σ². */
  entropy(): Tensor {
    return broadcastTo(add(this.logScale, halfLog2Pi + 0.5), this.batchShape);
  }
}

/**
 * Normal distributions from `loc` and one of `scale`, `logScale`, `logVariance` (equal or broadcasting shapes).
 * @example normal({ loc: 0, scale: 1 })
 */
export const normal = (parameters: NormalParameters): Normal => new Normal(parameters);
