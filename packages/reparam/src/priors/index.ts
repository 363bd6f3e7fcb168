export type { Prior, PriorInit } from './prior.ts';
export { standardNormal } from './standardNormal.ts';
