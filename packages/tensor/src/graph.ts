import { ReparamError } from './errors.ts';
import type { HostTensor } from './host.ts';
import { inputOp } from './primitives/source.ts';
import { formatShape, type Shape } from './shape.ts';
import { elementCount, isOp, type Tensor, topologicalOrder } from './tensor.ts';

export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/** A traced function: named inputs, named outputs. */
export interface Graph {
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly NamedTensor[];
}

/** One step of an iteration: state goes in and comes out, inputs and outputs are fresh each step, `shared` stays. */
export interface StepGraph extends Graph {
  /** Inputs that are the same for all steps of a call. */
  readonly shared: readonly NamedTensor[];
  readonly state: readonly { readonly name: string; readonly input: Tensor; readonly output: Tensor }[];
}

export type Feeds = ReadonlyMap<string, HostTensor>;

/** What a compiled program consists of. */
export interface ProgramInfo {
  /** How often each operation occurs. */
  readonly operations: Readonly<Record<string, number>>;
  /** Floating-point operations of one run (0 counted where a size is unknown). */
  readonly flops: number;
  /** Of these, the ones in matrix products and convolutions. */
  readonly matmulFlops: number;
  /** Bytes of all intermediate results of one run, before the runtime reuses memory. */
  readonly bytes: number;
}

const bytesPer = { float32: 4, int32: 4, int64: 8, uint8: 1, bool: 1 } as const;

const products = new Set(['matmul', 'conv', 'convTranspose', 'convWeight']);

/** Counts operations, arithmetic and memory of the expressions under `outputs`. */
export function inspect(outputs: readonly Tensor[]): ProgramInfo {
  const operations: Record<string, number> = {};
  let flops = 0;
  let matmulFlops = 0;
  let bytes = 0;
  for (const node of topologicalOrder(outputs)) {
    operations[node.op.name] = (operations[node.op.name] ?? 0) + 1;
    if (node.inputs.length === 0) continue;
    const own = node.op.flops?.(node) ?? elementCount(node);
    flops += own;
    if (products.has(node.op.name)) matmulFlops += own;
    bytes += elementCount(node) * bytesPer[node.dtype];
  }
  return { operations, flops, matmulFlops, bytes };
}

/** Throws unless every input the outputs depend on is among the declared ones. */
export function checkInputs(outputs: readonly Tensor[], declared: readonly Tensor[]): void {
  const known = new Set(declared);
  for (const node of topologicalOrder(outputs)) {
    if (!isOp(node, inputOp) || known.has(node)) continue;
    throw new ReparamError('shape', 'traced function uses an input it was not given', {
      got: `${node.attrs.name} ${formatShape(node.shape)}`,
      expected: 'only the inputs passed to it',
      fix: 'Pass the tensor as an input of this program',
    });
  }
}

/** Throws unless `value` fits the type and shape of an input; unknown sizes are collected in `symbols`. */
export function checkFeed(
  name: string,
  spec: { dtype: HostTensor['dtype']; shape: Shape },
  value: HostTensor | undefined,
  symbols: Map<string, number>,
): asserts value is HostTensor {
  const fits =
    value?.dtype === spec.dtype &&
    value.shape.length === spec.shape.length &&
    spec.shape.every((dim, i) => {
      const size = value.shape[i]!;
      if (typeof dim === 'number') return dim === size;
      const seen = symbols.get(dim.symbol) ?? size / dim.factor;
      symbols.set(dim.symbol, seen);
      return Number.isInteger(seen) && seen * dim.factor === size;
    });
  if (fits) return;
  throw new ReparamError('shape', `input ${name} does not fit the program`, {
    got: value ? `${value.dtype} [${value.shape.join(', ')}]` : 'nothing',
    expected: `${spec.dtype} ${formatShape(spec.shape)}`,
  });
}
