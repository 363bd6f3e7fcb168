export { type ElboOptions, elbo } from './elbo.ts';
export { type IwaeOptions, iwae } from './iwae.ts';
export { type Batch, batchMean, type Loss, type Objective, type ObjectiveContext } from './objective.ts';
