import { conditioned } from '../nn/index.ts';
import { conditionalNormal } from '../priors/index.ts';
import type { LatentModel } from './latentModel.ts';
import { type VaeOptions, vae } from './vae.ts';

/** The parts of a conditional VAE: those of a VAE, and the size of the condition. */
export interface CvaeOptions extends VaeOptions {
  readonly conditionSize: number;
  /** Where the encoder is given the condition: beside the example, or (for networks on pictures) beside its features. */
  readonly encoderCondition?: 'input' | 'output';
}

/**
 * A conditional VAE (Sohn et al. 2015): q(z given x, c), p(x given z, c) and p(z given c), which is learned unless another
 * prior is given. The condition is appended to what encoder and decoder are given.
 * @example cvae({ dataShape: [28, 28], latentDim: 20, conditionSize: 10, encoder: mlp([400]), decoder: mlp([400]) })
 */
export function cvae({ encoderCondition, prior = conditionalNormal(), ...options }: CvaeOptions): LatentModel {
  const { encoder, decoder, conditionSize } = options;
  return vae({
    ...options,
    prior,
    encoder: conditioned(encoder, conditionSize, encoderCondition),
    decoder: conditioned(decoder, conditionSize),
  });
}
