export * from './classical/index.ts';
export * from './classifiers/index.ts';
export {
  type BatchContext,
  type Context,
  type DrawNoise,
  type NoiseSite,
  noiseContext,
  traceContext,
} from './context.ts';
export * from './data/index.ts';
export * from './distributions/index.ts';
export * from './flows/index.ts';
export * from './latent/index.ts';
export * from './likelihoods/index.ts';
export * from './metrics/index.ts';
export * from './models/index.ts';
export * from './nn/index.ts';
export * from './objectives/index.ts';
export * from './optim/index.ts';
export { type HostParams, type ParamTree, type SymbolicParams, trainable } from './params.ts';
export * from './posteriors/index.ts';
export * from './presets/index.ts';
export * from './priors/index.ts';
export * from './train/index.ts';
export { version } from './version.ts';
