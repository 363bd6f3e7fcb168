import { type Prior, standardNormal } from '../../priors/index.ts';
import type { PriorConfig } from '../config.ts';

/** The prior a configuration describes. */
export function buildPrior(config: PriorConfig): Prior {
  switch (config.kind) {
    case 'standard':
      return standardNormal();
  }
}
