import { type LatentModel, vae } from '../../models/index.ts';
import type { ModelConfig } from '../config.ts';
import { buildLikelihood } from './likelihood.ts';
import { buildNetworks, linearOptions } from './network.ts';
import { buildPosterior } from './posterior.ts';
import { buildPrior } from './prior.ts';

/** The model a configuration describes, for examples of `dataShape`. Throws `config` on values that have no meaning. */
export function buildModel(config: ModelConfig, dataShape: readonly number[]): LatentModel {
  const layers = linearOptions(config);
  return vae({
    dataShape,
    latentDim: config.latentDim,
    ...buildNetworks(config, dataShape),
    likelihood: buildLikelihood(config.likelihood),
    posterior: buildPosterior(config.posterior, layers),
    prior: buildPrior(config.prior ?? { kind: 'standard' }),
  });
}
