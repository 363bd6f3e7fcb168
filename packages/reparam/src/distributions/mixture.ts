import {
  add,
  broadcastTo,
  cast,
  logSoftmax,
  logSumExp,
  mul,
  oneHot,
  ReparamError,
  reshape,
  type Shape,
  softmax,
  stopGradient,
  sum,
  type Tensor,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { Categorical } from './categorical.ts';
import type { Distribution } from './distribution.ts';

/** Weights and components of a mixture. */
export interface MixtureParameters<D extends Distribution> {
  /** Unnormalised log-weights [..., K]. */
  readonly logits: Tensor;
  /** The components along their last batch axis: batch [..., K]. */
  readonly components: D;
}

/** Mixtures of K components of one family. */
export class Mixture<D extends Distribution = Distribution> implements Distribution {
  readonly logits: Tensor;
  readonly components: D;

  constructor({ logits, components }: MixtureParameters<D>) {
    this.logits = logits;
    this.components = components;
  }

  get batchShape(): Shape {
    return this.components.batchShape.slice(0, -1);
  }

  get eventRank(): number {
    return this.components.eventRank;
  }

  /** log Σ_k w_k p_k(value), the largest term taken out before the exponential. */
  logProb(value: Tensor): Tensor {
    return logSumExp(this.#joint(value), { axes: -1 });
  }

  /** log p(k given value) for each component, of shape sample + batch + [K]. */
  logResponsibilities(value: Tensor): Tensor {
    return logSoftmax(this.#joint(value));
  }

  /** log w_k + log p_k(value). */
  #joint(value: Tensor): Tensor {
    const before = value.rank - this.eventRank;
    const beside = reshape(value, [...value.shape.slice(0, before), 1, ...value.shape.slice(before)]);
    return add(this.components.logProb(beside), logSoftmax(this.logits));
  }

  /** Draws from every component, of which a class drawn from the weights keeps one. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const drawn = this.components.sample(site, sampleShape);
    const batch = this.batchShape;
    const weights = new Categorical({ logits: this.#logitsOf([...batch, this.numComponents]) });
    const chosen = oneHot(weights.sample(site.child('component'), sampleShape), this.numComponents);
    return stopGradient(this.#average(drawn, chosen));
  }

  get mean(): Tensor {
    const { mean } = this.components;
    return this.#average(mean, this.#logitsOf(mean.shape.slice(0, mean.rank - this.eventRank), softmax));
  }

  get numComponents(): number {
    return this.components.batchShape.at(-1) as number;
  }

  #logitsOf(shape: Shape, of: (logits: Tensor) => Tensor = (logits) => logits): Tensor {
    return broadcastTo(of(this.logits), shape);
  }

  /** Σ_k weights_k values_k, for values [..., K, ...event]. */
  #average(values: Tensor, weights: Tensor): Tensor {
    const event = Array.from({ length: this.eventRank }, () => 1);
    const axis = values.rank - this.eventRank - 1;
    return sum(mul(cast(values, 'float32'), reshape(weights, [...weights.shape, ...event])), { axes: axis });
  }

  /** Has no closed form: throws `unsupported`. */
  entropy(): Tensor {
    throw new ReparamError('unsupported', 'the entropy of a mixture has no closed form', {
      fix: 'Average −logProb over draws of sample',
    });
  }
}

/**
 * Mixtures of the components along the last batch axis of a distribution.
 * @example mixture({ logits, components: independent(normal({ loc, logScale })) }) // logits [K], loc [K, d]
 */
export const mixture = <D extends Distribution>(parameters: MixtureParameters<D>): Mixture<D> =>
  new Mixture(parameters);
