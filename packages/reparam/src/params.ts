import type { HostTensor, Tensor } from '@reparam/tensor';

/** Named parameters, nested; leaves are host tensors outside a trace and symbolic tensors inside. */
export interface ParamTree<Leaf> {
  readonly [name: string]: Leaf | ParamTree<Leaf>;
}

/** Parameters outside a trace: arrays. */
export type HostParams = ParamTree<HostTensor>;
/** Parameters inside a trace: symbolic tensors. */
export type SymbolicParams = ParamTree<Tensor>;

/** The branch `name` of a tree. */
export const branch = <Leaf>(params: ParamTree<Leaf>, name: string): ParamTree<Leaf> => params[name] as ParamTree<Leaf>;

/** The leaf `name` of a tree of symbolic parameters. */
export const leaf = (params: SymbolicParams, name: string): Tensor => params[name] as Tensor;
