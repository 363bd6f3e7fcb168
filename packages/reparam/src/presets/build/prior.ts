import type { Support } from '../../likelihoods/index.ts';
import {
  conditionalNormal,
  flowPrior,
  learnedNormal,
  mixtureOfNormals,
  type Prior,
  standardNormal,
  vampPrior,
} from '../../priors/index.ts';
import type { PriorConfig } from '../config.ts';
import { buildFlow } from './flow.ts';

/** The prior a configuration describes; `support` is what the likelihood is a distribution over. */
export function buildPrior(config: PriorConfig, support: Support): Prior {
  switch (config.kind) {
    case 'standard':
      return standardNormal();
    case 'learned':
      return learnedNormal();
    case 'mixture':
      return mixtureOfNormals(config);
    case 'vamp':
      return vampPrior({ ...config, support });
    case 'flow':
      return flowPrior(buildFlow(config));
    case 'conditional':
      return conditionalNormal(config);
  }
}
