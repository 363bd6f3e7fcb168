import {
  bernoulliLikelihood,
  categoricalLikelihood,
  continuousBernoulliLikelihood,
  discretizedLogisticLikelihood,
  gaussianLikelihood,
  type Likelihood,
  laplaceLikelihood,
  negativeBinomialLikelihood,
  poissonLikelihood,
  zeroInflatedNegativeBinomialLikelihood,
} from '../../likelihoods/index.ts';
import type { LikelihoodConfig } from '../config.ts';

/** The likelihood a configuration describes. */
export function buildLikelihood(config: LikelihoodConfig): Likelihood {
  switch (config.kind) {
    case 'bernoulli':
      return bernoulliLikelihood();
    case 'gaussian':
      return gaussianLikelihood(config);
    case 'laplace':
      return laplaceLikelihood(config);
    case 'continuous-bernoulli':
      return continuousBernoulliLikelihood();
    case 'categorical':
      return categoricalLikelihood();
    case 'discretized-logistic':
      return discretizedLogisticLikelihood(config);
    case 'poisson':
      return poissonLikelihood();
    case 'negative-binomial':
      return negativeBinomialLikelihood(config);
    case 'zero-inflated-negative-binomial':
      return zeroInflatedNegativeBinomialLikelihood(config);
  }
}
