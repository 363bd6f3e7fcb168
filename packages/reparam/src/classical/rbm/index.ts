export { contrastiveDivergence, type DrawUniform, gibbsSweep } from './contrastiveDivergence.ts';
export { fitRbm, type RbmEpoch, type RbmOptions, type RbmState, type RbmTraining } from './fitRbm.ts';
export {
  freeEnergies,
  isEnumerable,
  logPartition,
  pseudoLogLikelihoods,
  rbmLogLikelihoods,
} from './likelihood.ts';
export { freeEnergy, initRbm, type RbmParams } from './rbm.ts';
export { type RbmSampleOptions, type RbmSamples, sampleRbm } from './sampleRbm.ts';
