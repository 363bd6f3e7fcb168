import {
  add,
  asTensor,
  broadcastTo,
  div,
  exp,
  log,
  mul,
  type Shape,
  stopGradient,
  sub,
  type Tensor,
  type TensorLike,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Reparameterizable, SampleWithLogProb } from './distribution.ts';

/** Where a distribution lies, and its scale or the logarithm of that (equal or broadcasting shapes). */
export type LocationScaleParameters =
  | { readonly loc: TensorLike; readonly scale: TensorLike }
  | { readonly loc: TensorLike; readonly logScale: TensorLike };

/** Distributions of loc + scale · t, one for each element of `loc`, where t has a symmetric density exp(kernel(t) − logNormalizer). */
export abstract class LocationScale implements Reparameterizable {
  readonly loc: Tensor;
  readonly scale: Tensor;
  readonly logScale: Tensor;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor(parameters: LocationScaleParameters) {
    this.loc = asTensor(parameters.loc);
    const isLog = 'logScale' in parameters;
    this.logScale = isLog ? asTensor(parameters.logScale) : log(asTensor(parameters.scale));
    this.scale = isLog ? exp(this.logScale) : asTensor(parameters.scale);
    this.batchShape = add(this.loc, this.scale).shape;
  }

  /** Of t, without its normalisation. */
  protected abstract kernel(t: Tensor): Tensor;
  protected abstract readonly logNormalizer: number;
  /** Of t, nats. */
  protected abstract readonly standardEntropy: number;
  /** Draws of t. */
  protected abstract draw(site: NoiseSite, shape: Shape, rowAxis: number): Tensor;

  get mean(): Tensor {
    return broadcastTo(this.loc, this.batchShape);
  }

  logProb(value: Tensor): Tensor {
    return this.#logProbOf(div(sub(value, this.loc), this.scale));
  }

  #logProbOf(t: Tensor): Tensor {
    return sub(this.kernel(t), add(this.logScale, this.logNormalizer));
  }

  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return this.rsampleWithLogProb(site, sampleShape).value;
  }

  /** loc + scale · t, and its log-density written in t. */
  rsampleWithLogProb(site: NoiseSite, sampleShape: readonly number[] = []): SampleWithLogProb {
    const t = this.draw(site, [...sampleShape, ...this.batchShape], sampleShape.length);
    return { value: add(this.loc, mul(this.scale, t)), logProb: this.#logProbOf(t) };
  }

  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  entropy(): Tensor {
    return broadcastTo(add(this.logScale, this.standardEntropy), this.batchShape);
  }
}
