export { type GradOptions, grad } from './autodiff.ts';
export * from './errors.ts';
export type { ProgramInfo } from './graph.ts';
export * from './host.ts';
export * from './nearest.ts';
export type { ModelDescription, Target } from './onnx/emitter.ts';
export * from './primitives/index.ts';
export { compile, exportOnnx, type Program, type RunOptions, type Spec, spec, specsOf } from './program.ts';
export {
  deriveKey,
  fillNoise,
  foldIn,
  type Key,
  key,
  type NoiseKind,
  type NoiseSource,
  type NoiseSpec,
  normalArray,
  normalFromWord,
  normalQuantile,
  threefry2x32,
  threefryFill,
  uniformArray,
  uniformFromWord,
} from './random/index.ts';
export { evaluate, interpreter } from './runtime/interpreter.ts';
export type { Executable, Lanes, Runtime, StepExecutable, StepResult } from './runtime/runtime.ts';
export {
  broadcastShapes,
  type Dim,
  formatShape,
  type Shape,
  type SymbolicDim,
  staticShape,
  symbolicDim,
} from './shape.ts';
export { compileStep, type StepProgram, type StepsOptions } from './stepProgram.ts';
export type { Tensor } from './tensor.ts';
export { Trace } from './trace.ts';
export * from './tree.ts';
