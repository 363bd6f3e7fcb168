import type { LinearOptions } from '../../nn/index.ts';
import { diagonalNormal, type Posterior, sharedVarianceNormal } from '../../posteriors/index.ts';
import type { PosteriorConfig } from '../config.ts';

/** The posterior a configuration describes; `layers` are the options of its linear layers. */
export function buildPosterior(config: PosteriorConfig, layers: LinearOptions): Posterior {
  switch (config.kind) {
    case 'diagonal':
      return diagonalNormal(layers);
    case 'shared-variance':
      return sharedVarianceNormal(layers);
  }
}
