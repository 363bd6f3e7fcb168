export { diagonalNormal } from './diagonalNormal.ts';
export type { Posterior } from './posterior.ts';
export { sharedVarianceNormal } from './sharedVariance.ts';
