export { Bernoulli, bernoulli } from './bernoulli.ts';
export { Categorical, categorical } from './categorical.ts';
export {
  type Distribution,
  isReparameterizable,
  type Reparameterizable,
  type SampleWithLogProb,
} from './distribution.ts';
export { Independent, independent, ReparameterizableIndependent } from './independent.ts';
export { analyticKl, type KlDivergence, klDivergence, registerKl } from './kl.ts';
export { Normal, type NormalParameters, normal } from './normal.ts';
