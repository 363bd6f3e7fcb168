export { actNorm } from './actNorm.ts';
export type { AffineOptions } from './affine.ts';
export {
  type AutoregressiveOptions,
  inverseAutoregressive,
  type MaskedAutoregressiveOptions,
  maskedAutoregressive,
} from './autoregressive.ts';
export { bindFlow } from './bind.ts';
export { chain } from './chain.ts';
export { type CouplingOptions, coupling } from './coupling.ts';
export type { Flow, FlowInit, Sequential, Transformed } from './flow.ts';
export { type InvertOptions, invertFlow } from './invertFlow.ts';
export { type LinearLuOptions, linearLu } from './linearLu.ts';
export { type LinearQrOptions, linearQr } from './linearQr.ts';
export { type PermutationKind, type PermuteOptions, permute } from './permute.ts';
export { planar } from './planar.ts';
export { type BoundFlow, PushForward, pullBack } from './pushForward.ts';
export { radial } from './radial.ts';
export { dimensionByDimension, unroll, unrolledDims } from './sequential.ts';
