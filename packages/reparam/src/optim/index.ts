export { type AdamOptions, type AdamWOptions, adam, adamw } from './adam.ts';
export { clipByGlobalNorm, globalNorm } from './clip.ts';
export { declareScalars, type HostScalars, scalarValues } from './hostScalars.ts';
export type { Optimizer, StepScalars } from './optimizer.ts';
export * from './schedules.ts';
export { sgd } from './sgd.ts';
