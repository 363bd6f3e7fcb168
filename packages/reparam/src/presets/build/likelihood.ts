import { bernoulliLikelihood, gaussianLikelihood, type Likelihood } from '../../likelihoods/index.ts';
import type { LikelihoodConfig } from '../config.ts';

/** The likelihood a configuration describes. */
export function buildLikelihood(config: LikelihoodConfig): Likelihood {
  switch (config.kind) {
    case 'bernoulli':
      return bernoulliLikelihood();
    case 'gaussian':
      return gaussianLikelihood(config);
  }
}
