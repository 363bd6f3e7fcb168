import { log1p, ReparamError } from '@reparam/tensor';
import { type LatentModel, vae } from '../../models/index.ts';
import { type Module, pointwise, sequential } from '../../nn/index.ts';
import type { ModelConfig } from '../config.ts';
import { buildLikelihood } from './likelihood.ts';
import { buildNetworks, linearOptions } from './network.ts';
import { buildPosterior } from './posterior.ts';
import { buildPrior } from './prior.ts';

/** The model a configuration describes, for examples of `dataShape`. Throws `config` on values that have no meaning. */
export function buildModel(config: ModelConfig, dataShape: readonly number[]): LatentModel {
  const layers = linearOptions(config);
  const networks = buildNetworks(config, dataShape);
  return vae({
    dataShape,
    latentDim: config.latentDim,
    ...networks,
    encoder: withInput(config, networks.encoder),
    likelihood: buildLikelihood(config.likelihood),
    posterior: buildPosterior(config.posterior, layers),
    prior: buildPrior(config.prior ?? { kind: 'standard' }),
  });
}

/** The encoder, fed with what `encoderInput` says; its output is the same. */
function withInput({ encoderInput = 'data', likelihood }: ModelConfig, encoder: Module): Module {
  if (encoderInput === 'data') return encoder;
  if (buildLikelihood(likelihood).support !== 'count') {
    throw new ReparamError('config', 'log1p as the encoder’s input is for counts', {
      got: `model.encoderInput = log1p with a ${likelihood.kind} likelihood`,
      expected: 'a poisson, negative-binomial or zero-inflated-negative-binomial likelihood',
      fix: 'Leave model.encoderInput out',
    });
  }
  return sequential([pointwise('log1p', (x) => log1p(x)), encoder]);
}
