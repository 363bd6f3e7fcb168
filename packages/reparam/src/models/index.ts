export { type CvaeOptions, cvae } from './cvae.ts';
export { type FlowModelOptions, flowModel } from './flowModel.ts';
export { type FlowVaeOptions, flowVae } from './flowVae.ts';
export { type HierarchicalOptions, hierarchicalVae } from './hierarchical.ts';
export type { InitOptions, LabelPrediction, LatentModel } from './latentModel.ts';
export { type MadeOptions, made } from './made.ts';
export { linearOutput, type OutputLayer, transposedConvOutput } from './outputLayer.ts';
export { type DequantizedLogitsOptions, dequantizedLogits, realValues, type Treatment } from './treatment.ts';
export { type VaeOptions, vae } from './vae.ts';
