export { type ActivationName, activation, activations, elu, gelu, identity, leakyRelu, silu } from './activations.ts';
export { dropout } from './dropout.ts';
export * from './initializers.ts';
export { layerNorm } from './layerNorm.ts';
export { type LinearOptions, linear } from './linear.ts';
export { type Module, pointwise } from './module.ts';
export { flatten, type MlpOptions, mlp, sequential } from './sequential.ts';
