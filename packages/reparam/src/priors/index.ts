export { type ConditionalNormalOptions, conditionalNormal } from './conditionalNormal.ts';
export { flowPrior } from './flowPrior.ts';
export { learnedNormal } from './learnedNormal.ts';
export { mixtureOfNormals } from './mixtureOfNormals.ts';
export type { Prior, PriorInit } from './prior.ts';
export { standardNormal } from './standardNormal.ts';
export { type VampPriorOptions, vampPrior } from './vampPrior.ts';
