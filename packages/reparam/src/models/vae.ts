import { foldIn, ReparamError, sizeOf } from '@reparam/tensor';
import { apartFromBatch } from '../context.ts';
import type { Likelihood } from '../likelihoods/index.ts';
import { bernoulliLikelihood } from '../likelihoods/index.ts';
import type { Module } from '../nn/index.ts';
import { branch } from '../params.ts';
import { diagonalNormal, type Posterior } from '../posteriors/index.ts';
import { type Prior, standardNormal } from '../priors/index.ts';
import type { LatentModel } from './latentModel.ts';
import { linearOutput, type OutputLayer } from './outputLayer.ts';

/** The parts of a variational autoencoder. */
export interface VaeOptions {
  /** Shape of one example, for example [28, 28]. */
  readonly dataShape: readonly number[];
  readonly latentDim: number;
  /** From the flattened example to features. */
  readonly encoder: Module;
  /** From the latent vector to features; the output layer follows. */
  readonly decoder: Module;
  readonly likelihood?: Likelihood;
  readonly prior?: Prior;
  readonly posterior?: Posterior;
  /** From the decoder's features to the likelihood's outputs; default linear. */
  readonly outputLayer?: OutputLayer;
  /** Numbers of the condition that the parts find in their context; leave out for an unconditional model. */
  readonly conditionSize?: number | undefined;
}

/**
 * A variational autoencoder (Kingma and Welling 2014) from its parts.
 * @example vae({ dataShape: [28, 28], latentDim: 20, encoder: mlp([400]), decoder: mlp([400]) })
 */
export function vae(options: VaeOptions): LatentModel {
  const { dataShape, latentDim, encoder, decoder, outputLayer = linearOutput(), conditionSize } = options;
  const { likelihood = bernoulliLikelihood(), prior = standardNormal(), posterior = diagonalNormal() } = options;
  if (!Number.isInteger(latentDim) || latentDim < 1) {
    throw new ReparamError('config', 'latentDim', { got: String(latentDim), expected: 'a positive integer' });
  }
  const dataSize = sizeOf(dataShape);
  const output = outputLayer.module(likelihood, dataShape);
  const features = encoder.outputShape([dataSize])[0]!;
  const decoded = decoder.outputShape([latentDim]);
  const encode: LatentModel['encode'] = (params, x, context) => {
    const h = encoder.apply(branch(params, 'encoder'), x, context.child('encoder'));
    return posterior.distribution(branch(params, 'posterior'), h, latentDim, context.child('posterior'));
  };
  return {
    dataShape,
    latentDim,
    support: likelihood.support,
    conditionSize,
    bound: posterior.bound,
    init(key, { dataMean } = {}) {
      const part = (name: string) => foldIn(key, name);
      return {
        encoder: encoder.init(part('encoder'), [dataSize]),
        posterior: posterior.init(part('posterior'), features, latentDim),
        prior: prior.init(part('prior'), latentDim, { dataSize, dataMean, conditionSize }),
        decoder: decoder.init(part('decoder'), [latentDim]),
        output: outputLayer.init(output, part('output'), decoded, likelihood, dataShape, dataMean),
        likelihood: likelihood.init(dataSize),
      };
    },
    prior: (params, context) =>
      prior.distribution(branch(params, 'prior'), latentDim, context.child('prior'), (x) =>
        encode(params, x, apartFromBatch(context.child('prior'))),
      ),
    encode,
    decode(params, z, context) {
      const h = decoder.apply(branch(params, 'decoder'), z, context.child('decoder'));
      return likelihood.distribution(branch(params, 'likelihood'), output.apply(branch(params, 'output'), h, context));
    },
    describe: () => ({
      prior: prior.description,
      posterior: posterior.description,
      likelihood: likelihood.description,
      encoder: encoder.describe([dataSize]) || 'identity',
      decoder: [decoder.describe([latentDim]), output.describe(decoded)].filter(Boolean).join(', '),
    }),
  };
}
