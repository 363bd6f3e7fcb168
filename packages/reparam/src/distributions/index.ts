export { Bernoulli, bernoulli } from './bernoulli.ts';
export { Categorical, categorical } from './categorical.ts';
export { Chain, type ChainParameters, ReparameterizableChain } from './chain.ts';
export { ContinuousBernoulli, continuousBernoulli } from './continuousBernoulli.ts';
export { Delta, delta } from './delta.ts';
export {
  DiscretizedLogistic,
  type DiscretizedLogisticParameters,
  discretizedLogistic,
} from './discretizedLogistic.ts';
export {
  DiscretizedLogisticMixture,
  type DiscretizedLogisticMixtureParameters,
  discretizedLogisticMixture,
} from './discretizedLogisticMixture.ts';
export {
  type Distribution,
  isReparameterizable,
  type Reparameterizable,
  type SampleWithLogProb,
} from './distribution.ts';
export { Independent, independent, ReparameterizableIndependent } from './independent.ts';
export { analyticKl, type KlDivergence, klDivergence, registerKl } from './kl.ts';
export { Laplace, type LaplaceParameters, laplace } from './laplace.ts';
export { Logistic, type LogisticParameters, logistic } from './logistic.ts';
export { Mixture, type MixtureParameters, mixture } from './mixture.ts';
export { NegativeBinomial, type NegativeBinomialParameters, negativeBinomial } from './negativeBinomial.ts';
export { Normal, type NormalParameters, normal } from './normal.ts';
export { NormalTril, type NormalTrilParameters, normalTril } from './normalTril.ts';
export { OrderedCategorical, orderedCategorical } from './orderedCategorical.ts';
export { Poisson, poisson } from './poisson.ts';
export {
  ZeroInflatedNegativeBinomial,
  type ZeroInflatedParameters,
  zeroInflatedNegativeBinomial,
} from './zeroInflatedNegativeBinomial.ts';
