export { analogies } from './analogies.ts';
export { averageOutcomes } from './averageOutcomes.ts';
export { classMeans } from './classMeans.ts';
export { type Completions, complete } from './complete.ts';
export { decodeMeans } from './decodeMeans.ts';
export { type Codes, type EncodeOptions, encode, type Reconstructions, reconstruct } from './encode.ts';
export {
  type CodeScores,
  type ExportClassifierOptions,
  type ExportOptions,
  exportClassifier,
  exportDecoder,
  exportEncoder,
} from './exportModel.ts';
export { type HolesOptions, type LatentHoles, latentHoles } from './holes.ts';
export { impute } from './impute.ts';
export type { Imputations, ImputeOptions } from './imputeOptions.ts';
export { type InterpolationPath, interpolate } from './interpolate.ts';
export { labelCondition } from './labelCondition.ts';
export { type LatentDraws, latentDraws } from './latentDraws.ts';
export { type Manifold, manifold } from './manifold.ts';
export type { LatentOptions } from './options.ts';
export { type PredictOptions, predictLabels } from './predictLabels.ts';
export { hasQuantiles, type PriorScale, priorScale } from './priorScale.ts';
export { type SampleOptions, type Samples, sample } from './sample.ts';
export { type StackedStartOptions, stackedStart } from './stackedStart.ts';
export { withToldClasses } from './toldClasses.ts';
export { dimensionsByKl, type Traversal, type TraverseOptions, traverse } from './traverse.ts';
