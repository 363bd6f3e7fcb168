export * from './linearGaussian.ts';
export { type DataMatrix, type Moments, moments } from './moments.ts';
export * from './ppca.ts';
