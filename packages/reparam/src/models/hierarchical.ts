import { foldIn, ReparamError, sizeOf, slice, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import { Chain, ReparameterizableChain } from '../distributions/index.ts';
import { bernoulliLikelihood } from '../likelihoods/index.ts';
import type { Module } from '../nn/index.ts';
import { branch, type HostParams, type SymbolicParams } from '../params.ts';
import { diagonalNormal } from '../posteriors/index.ts';
import { standardNormal } from '../priors/index.ts';
import type { LatentModel } from './latentModel.ts';
import { linearOutput } from './outputLayer.ts';
import type { VaeOptions } from './vae.ts';

/** The parts of a VAE with two stochastic layers. */
export interface HierarchicalOptions extends Omit<VaeOptions, 'latentDim' | 'conditionSize'> {
  /** Sizes of z1, next to the data, and of z2. */
  readonly latentDims: readonly [number, number];
  /** The networks between the layers: from z1 to features of q(z2 given z1), from z2 to features of p(z1 given z2). */
  readonly upper: { readonly encoder: Module; readonly decoder: Module };
}

/**
 * A VAE with two stochastic layers (Burda, Grosse and Salakhutdinov 2016): p(z2) p(z1 given z2) p(x given z1) and
 * q(z1 given x) q(z2 given z1). Its latent vector is z = (z1, z2), so that it goes wherever a model with one layer does; the
 * rate of both layers together is sampled. `prior` is that of z2, `posterior` the family of q(z1 given x).
 * @example hierarchicalVae({ dataShape: [28, 28], latentDims: [100, 50], encoder: mlp([200, 200]),
 *   decoder: mlp([200, 200]), upper: { encoder: mlp([100, 100]), decoder: mlp([100, 100]) } })
 */
export function hierarchicalVae(options: HierarchicalOptions): LatentModel {
  const { dataShape, latentDims, encoder, decoder, upper, outputLayer = linearOutput() } = options;
  const { likelihood = bernoulliLikelihood(), prior = standardNormal(), posterior = diagonalNormal() } = options;
  const [d1, d2] = latentDims;
  if (!latentDims.every((size) => Number.isInteger(size) && size > 0)) {
    throw new ReparamError('config', 'latentDims', { got: `[${latentDims}]`, expected: 'two positive integers' });
  }
  if (posterior.bound === 'none') {
    throw new ReparamError('unsupported', 'two stochastic layers need a posterior that is a density', {
      got: posterior.description,
      expected: 'a posterior with a density for q(z1|x)',
    });
  }
  const dataSize = sizeOf(dataShape);
  const output = outputLayer.module(likelihood, dataShape);
  const [features] = encoder.outputShape([dataSize]);
  const [up] = upper.encoder.outputShape([d1]);
  const [down] = upper.decoder.outputShape([d2]);
  const decoded = decoder.outputShape([d1]);
  const between = diagonalNormal();
  /** A diagonal normal from the other layer's value, through the network and the layer named `name`. */
  const conditional =
    (name: string, network: Module, size: number, params: SymbolicParams, context: Context) => (z: Tensor) => {
      const own = branch(params, name);
      const h = network.apply(branch(own, 'network'), z, context.child(name));
      return between.distribution(branch(own, 'normal'), h, size, context.child(name));
    };
  return {
    dataShape,
    latentDim: d1 + d2,
    support: likelihood.support,
    init(key, { dataMean } = {}): HostParams {
      const part = (name: string) => foldIn(key, name);
      const layer = (name: string, network: Module, from: number, width: number, size: number): HostParams => ({
        network: network.init(foldIn(part(name), 'network'), [from]),
        normal: between.init(foldIn(part(name), 'normal'), width, size),
      });
      return {
        encoder: encoder.init(part('encoder'), [dataSize]),
        posterior: posterior.init(part('posterior'), features!, d1),
        upperEncoder: layer('upperEncoder', upper.encoder, d1, up!, d2),
        prior: prior.init(part('prior'), d2, { dataSize, dataMean }),
        upperDecoder: layer('upperDecoder', upper.decoder, d2, down!, d1),
        decoder: decoder.init(part('decoder'), [d1]),
        output: outputLayer.init(output, part('output'), decoded, likelihood, dataShape, dataMean),
        likelihood: likelihood.init(dataSize),
      };
    },
    prior: (params, context) =>
      new Chain({
        first: prior.distribution(branch(params, 'prior'), d2, context.child('prior'), refuseVamp),
        second: conditional('upperDecoder', upper.decoder, d1, params, context),
        sizes: latentDims,
        firstPart: 1,
      }),
    encode(params, x, context) {
      const h = encoder.apply(branch(params, 'encoder'), x, context.child('encoder'));
      return new ReparameterizableChain({
        first: posterior.distribution(branch(params, 'posterior'), h, d1, context.child('posterior')),
        second: conditional('upperEncoder', upper.encoder, d2, params, context),
        sizes: latentDims,
      });
    },
    decode(params, z, context) {
      const h = decoder.apply(branch(params, 'decoder'), slice(z, -1, 0, d1), context.child('decoder'));
      return likelihood.distribution(branch(params, 'likelihood'), output.apply(branch(params, 'output'), h, context));
    },
    describe: () => ({
      prior: `z2: ${prior.description}; z1 given z2: N(μ(z2), diag σ²(z2)), ${upper.decoder.describe([d2]) || 'linear'}`,
      posterior: `z1: ${posterior.description}; z2 given z1: N(μ(z1), diag σ²(z1)), ${upper.encoder.describe([d1]) || 'linear'}`,
      likelihood: likelihood.description,
      encoder: encoder.describe([dataSize]) || 'identity',
      decoder: [decoder.describe([d1]), output.describe(decoded)].filter(Boolean).join(', '),
    }),
  };
}

function refuseVamp(): never {
  throw new ReparamError('unsupported', 'a VampPrior on the upper of two stochastic layers', {
    got: 'q(z2) given a pseudo-input, which has no closed form',
    expected: 'a prior of z2 of its own: standard, learned, mixture',
  });
}
