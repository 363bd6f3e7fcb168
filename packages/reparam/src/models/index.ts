export { type CvaeOptions, cvae } from './cvae.ts';
export { type HierarchicalOptions, hierarchicalVae } from './hierarchical.ts';
export type { InitOptions, LatentModel } from './latentModel.ts';
export { linearOutput, type OutputLayer, transposedConvOutput } from './outputLayer.ts';
export { type VaeOptions, vae } from './vae.ts';
