import type { Tensor } from '@reparam/tensor';
import type { HostParams, SymbolicParams } from '../params.ts';
import type { Progress } from './schedules.ts';

/** Numbers an optimiser needs anew each step, computed on the host. */
export interface StepScalars {
  /** A scalar input `name` holding `value(learning rate, progress)`. */
  scalar(name: string, value: (learningRate: number, progress: Progress) => number): Tensor;
}

/** A pair of pure functions: fresh state for parameters, and one update of both. */
export interface Optimizer {
  readonly description: string;
  /** State for parameters of these shapes (zeros). */
  init(params: HostParams): HostParams;
  update(
    gradients: SymbolicParams,
    state: SymbolicParams,
    params: SymbolicParams,
    scalars: StepScalars,
  ): { params: SymbolicParams; state: SymbolicParams };
}
