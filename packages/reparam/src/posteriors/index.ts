export { deltaPosterior } from './deltaPosterior.ts';
export { diagonalNormal } from './diagonalNormal.ts';
export { type FlowPosteriorOptions, flowPosterior } from './flowPosterior.ts';
export { fullCovarianceNormal } from './fullCovarianceNormal.ts';
export type { Bound, Posterior } from './posterior.ts';
export { sharedVarianceNormal } from './sharedVariance.ts';
