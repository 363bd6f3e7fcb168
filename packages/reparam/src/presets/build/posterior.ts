import type { LinearOptions } from '../../nn/index.ts';
import {
  deltaPosterior,
  diagonalNormal,
  flowPosterior,
  fullCovarianceNormal,
  type Posterior,
  sharedVarianceNormal,
} from '../../posteriors/index.ts';
import type { PosteriorConfig } from '../config.ts';
import { buildFlow } from './flow.ts';

/** The posterior a configuration describes; `layers` are the options of its linear layers. */
export function buildPosterior(config: PosteriorConfig, layers: LinearOptions): Posterior {
  switch (config.kind) {
    case 'diagonal':
      return diagonalNormal(layers);
    case 'full-covariance':
      return fullCovarianceNormal(layers);
    case 'delta':
      return deltaPosterior(layers);
    case 'flow':
      return flowPosterior({
        flow: buildFlow(config),
        base: diagonalNormal(layers),
        amortized: config.amortized ?? true,
      });
    case 'shared-variance':
      return sharedVarianceNormal(layers);
  }
}
