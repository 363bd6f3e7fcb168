export type { DensityConfig, DensityRecipe, LinearProgramConfig, MixtureConfig, RbmConfig } from './config.ts';
export { type DensityPreset, densityPresets } from './densityPresets.ts';
export { checkLinearProgram, type FitLinearOptions, fitLinear, type LinearFit, matrixOf } from './fitLinear.ts';
