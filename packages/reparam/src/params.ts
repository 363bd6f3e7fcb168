import { constant, type HostTensor, isBranch, mapTree, type Tensor } from '@reparam/tensor';

/** Named parameters, nested; leaves are host tensors outside a trace and symbolic tensors inside. */
export interface ParamTree<Leaf> {
  readonly [name: string]: Leaf | ParamTree<Leaf>;
}

/** Parameters outside a trace: arrays. */
export type HostParams = ParamTree<HostTensor>;
/** Parameters inside a trace: symbolic tensors. */
export type SymbolicParams = ParamTree<Tensor>;

/** Parameters as constants of a graph. */
export const constants = (params: HostParams): SymbolicParams =>
  mapTree<HostParams, HostTensor, Tensor>(params, (value) => constant(value)) as SymbolicParams;

/** The branch `name` of a tree. */
export const branch = <Leaf>(params: ParamTree<Leaf>, name: string): ParamTree<Leaf> => params[name] as ParamTree<Leaf>;

/** The leaf `name` of a tree of symbolic parameters. */
export const leaf = (params: SymbolicParams, name: string): Tensor => params[name] as Tensor;

/** Name of the branches that hold what is kept with the parameters but not trained, such as running averages. */
const buffers = 'buffers';

/** The parameters without their buffers: what an optimiser may change. */
export const trainable = <Leaf>(params: ParamTree<Leaf>): ParamTree<Leaf> =>
  Object.fromEntries(
    Object.entries(params)
      .filter(([name]) => name !== buffers)
      .map(([name, node]) => [name, isBranch(node) ? trainable(node as ParamTree<Leaf>) : node]),
  );

/** `params` with the trained ones replaced by `trained` and each buffer by what `next` has for it. */
export function withTrainable<Leaf>(
  params: ParamTree<Leaf>,
  trained: ParamTree<Leaf>,
  next: (buffer: Leaf) => Leaf = (buffer) => buffer,
): ParamTree<Leaf> {
  const entry = ([name, node]: [string, Leaf | ParamTree<Leaf>]) => {
    if (name === buffers) return [name, mapTree<unknown, Leaf, Leaf>(node, next)];
    const own = trained[name]!;
    return [name, isBranch(node) ? withTrainable(node as ParamTree<Leaf>, own as ParamTree<Leaf>, next) : own];
  };
  return Object.fromEntries(Object.entries(params).map(entry));
}
