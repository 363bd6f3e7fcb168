export { bernoulliLikelihood } from './bernoulli.ts';
export { type GaussianOptions, gaussianLikelihood } from './gaussian.ts';
export type { Likelihood, Support } from './likelihood.ts';
