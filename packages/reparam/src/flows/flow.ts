import type { Key, Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** Where a flow takes its points, and how volumes change on the way. */
export interface Transformed {
  /** [n, dim]. */
  readonly value: Tensor;
  /** log abs det of the Jacobian, [n], or [] where it is the same for every row. */
  readonly logDet: Tensor;
}

/** What a flow's parameters may depend on besides the key. */
export interface FlowInit {
  /** Numbers that `features` holds for each row, for a flow that depends on them. */
  readonly features?: number | undefined;
  /** Examples as they enter the flow, row-major [n, dim]: activation normalisation starts from them. */
  readonly rows?: Float64Array | undefined;
}

/** How an autoregressive flow is inverted: dimension by dimension, each from those before it. */
export interface Sequential {
  /** The place of each dimension in the order, from 0. */
  ranks(dim: number): readonly number[];
  /** x from z, right in every dimension whose predecessors are right in `guess`. */
  step(params: SymbolicParams, guess: Tensor, target: Tensor, context: Context, features?: Tensor): Tensor;
}

/**
 * An invertible map of vectors with a tractable Jacobian determinant, for rows [n, dim]. A density model and a prior read
 * `forward` as going from data to base, log p(x) = log p(f(x)) + log abs det J; a posterior reads it as going from the base's
 * draw to the code. Both directions are written for one pass; a flow whose inverse needs more says so.
 */
export interface Flow {
  readonly description: string;
  init(key: Key, dim: number, options?: FlowInit): HostParams;
  /** f(x), in one pass. `features` [n, …] is what the flow may depend on besides its parameters. */
  forward(params: SymbolicParams, x: Tensor, context: Context, features?: Tensor): Transformed;
  /** f⁻¹(z); absent where it has no closed form. Of an autoregressive flow it takes `dim` passes, and is refused above 64. */
  inverse?(params: SymbolicParams, z: Tensor, context: Context, features?: Tensor): Transformed;
  /** Of an autoregressive flow: what a program outside the graph repeats to invert it. */
  readonly sequential?: Sequential;
  /** Of a chain: its parts, whose parameters are named by position. */
  readonly parts?: readonly Flow[];
  /** Whether `init` makes use of `rows`. */
  readonly startsFromRows?: boolean;
}
