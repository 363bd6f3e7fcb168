export { decodeMeans } from './decodeMeans.ts';
export { type Codes, type EncodeOptions, encode, type Reconstructions, reconstruct } from './encode.ts';
export { type ExportOptions, exportDecoder, exportEncoder } from './exportModel.ts';
export { type InterpolationPath, interpolate } from './interpolate.ts';
export { type Manifold, manifold } from './manifold.ts';
export type { LatentOptions } from './options.ts';
export { type SampleOptions, type Samples, sample } from './sample.ts';
export { dimensionsByKl, type Traversal, type TraverseOptions, traverse } from './traverse.ts';
