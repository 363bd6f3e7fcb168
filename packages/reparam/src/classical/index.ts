export * from './linearGaussian.ts';
export { linearVaeParams } from './linearVae.ts';
export * from './mixture/index.ts';
export { type DataMatrix, type Moments, moments } from './moments.ts';
export * from './ppca.ts';
export {
  type EmOptions,
  type EmStep,
  fitPpcaEm,
  type LinearPosterior,
  linearBound,
  linearPosterior,
  type PpcaEm,
} from './ppcaEm.ts';
export * from './rbm/index.ts';
