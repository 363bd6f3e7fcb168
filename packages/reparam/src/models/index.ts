export type { InitOptions, LatentModel } from './latentModel.ts';
export { type VaeOptions, vae } from './vae.ts';
