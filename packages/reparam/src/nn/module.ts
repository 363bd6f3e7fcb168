import type { Key, Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** A pure function with parameters. Shapes are those of one event: the batch axes in front are not part of them. */
export interface Module {
  /** For people: what it is, for example `linear 784 → 200`. */
  describe(inputShape: readonly number[]): string;
  outputShape(inputShape: readonly number[]): number[];
  /** Fresh parameters for events of `inputShape`; the same key gives the same numbers. */
  init(key: Key, inputShape: readonly number[]): HostParams;
  apply(params: SymbolicParams, x: Tensor, context: Context): Tensor;
  /** Set where the module begins with an affine layer: that layer, and the rest; both take the parameters of the whole. */
  readonly stages?: { readonly affine: Module['apply']; readonly rest: Module['apply'] } | undefined;
}

/** A module without parameters that keeps the shape. */
export const pointwise = (name: string, fn: (x: Tensor, context: Context) => Tensor): Module => ({
  describe: () => name,
  outputShape: (inputShape) => [...inputShape],
  init: () => ({}),
  apply: (_, x, context) => fn(x, context),
});
