import type { Shape, Tensor } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';

/**
 * A probability distribution over events of rank `eventRank`; parameters with leading axes describe a batch of them.
 * Values have shape sample + batch + event, log-probabilities sample + batch, all in nats.
 */
export interface Distribution {
  readonly batchShape: Shape;
  readonly eventRank: number;
  /** log p(value): density or probability. */
  logProb(value: Tensor): Tensor;
  /** Σ log p over the last `rank` axes, where there is a quicker way than adding them up. */
  eventLogProb?(value: Tensor, rank: number): Tensor | undefined;
  /** Draws without a gradient, of shape sampleShape + batch + event. */
  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor;
  readonly mean: Tensor;
  /** Differential or Shannon entropy, of the batch's shape. */
  entropy(): Tensor;
}

/** A draw and its log-density, of shape sample + batch. */
export interface SampleWithLogProb {
  readonly value: Tensor;
  readonly logProb: Tensor;
}

/** A distribution whose draws are differentiable functions of its parameters and of noise. */
export interface Reparameterizable extends Distribution {
  rsample(site: NoiseSite, sampleShape?: readonly number[]): Tensor;
  /** A draw and its log-density, which comes from the noise: nothing is inverted or solved. */
  rsampleWithLogProb(site: NoiseSite, sampleShape?: readonly number[]): SampleWithLogProb;
}

/** Whether the draws of `d` have a gradient. */
export const isReparameterizable = (d: Distribution): d is Reparameterizable => 'rsampleWithLogProb' in d;
