export { fitGaussian, type Gaussian, gaussian } from './gaussian.ts';
export * from './linearGaussian.ts';
export { linearVaeParams } from './linearVae.ts';
export * from './mixture/index.ts';
export { type DataMatrix, type Moments, moments } from './moments.ts';
export { momentsOn } from './momentsOn.ts';
export * from './ppca.ts';
export {
  type BoundTerms,
  type EmOptions,
  type EmStep,
  fitPpcaEm,
  type LinearPosterior,
  linearPosterior,
  linearTerms,
  type PpcaEm,
} from './ppcaEm.ts';
export * from './rbm/index.ts';
