import { constant, type HostTensor, mapTree, type Tensor } from '@reparam/tensor';
import type { HostParams, SymbolicParams } from '../params.ts';

/** Parameters as constants of a graph. */
export const constants = (params: HostParams): SymbolicParams =>
  mapTree<HostParams, HostTensor, Tensor>(params, (value) => constant(value)) as SymbolicParams;
