export type { Prior } from './prior.ts';
export { standardNormal } from './standardNormal.ts';
