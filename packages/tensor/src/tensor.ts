import type { DType, HostTensor } from './host.ts';
import type { Emitter } from './onnx/emitter.ts';
import { isStatic, type Shape } from './shape.ts';

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/**
 * One operation, whole: its shape rule, its gradient (written with other operations, so that gradients have
 * gradients), its lowering to ONNX, its value in float64 and what is known to simplify it.
 */
export interface Primitive<A = unknown> {
  readonly name: string;
  /** Type of the result; throws `shape` or `dtype` errors at the line that writes the operation. */
  infer(inputs: readonly Tensor[], attrs: A): TensorType;
  /** Vector-Jacobian products: for each input the gradient, or null where there is none. Absent: constant. */
  vjp?(g: Tensor, node: Tensor<A>): (Tensor | null)[];
  /** Emits ONNX nodes and returns the name of the result. */
  lower(emit: Emitter, inputs: readonly string[], node: Tensor<A>): string;
  /** The value; float32 tensors are computed and held in float64. `shape` is the static result shape. */
  evaluate(inputs: readonly HostTensor[], attrs: A, shape: readonly number[]): HostTensor;
  /** An equal, cheaper tensor, or undefined. Must keep every bit of a finite result, but for the sign of a zero. */
  simplify?(node: Tensor<A>): Tensor | undefined;
  /** True when each element of the result depends on the same element of (broadcast) operands only. */
  readonly pointwise?: boolean;
  /** Floating-point operations, where they are not one per element of the result. */
  flops?(node: Tensor<A>): number;
}

let nextId = 0;

/** An immutable symbolic value: an operation applied to other tensors. It holds no numbers. */
export class Tensor<A = unknown> {
  /** Increases with creation, so that sorting by it is a topological order. */
  readonly id = nextId++;
  readonly op: Primitive<A>;
  readonly inputs: readonly Tensor[];
  readonly attrs: A;
  readonly shape: Shape;
  readonly dtype: DType;

  constructor(op: Primitive<A>, inputs: readonly Tensor[], attrs: A) {
    const type = op.infer(inputs, attrs);
    this.op = op;
    this.inputs = inputs;
    this.attrs = attrs;
    this.shape = type.shape;
    this.dtype = type.dtype;
  }

  get rank(): number {
    return this.shape.length;
  }
}

/** Applies a primitive. */
export const apply = <A>(op: Primitive<A>, inputs: readonly Tensor[], attrs: A): Tensor =>
  new Tensor(op, inputs, attrs) as unknown as Tensor;

/** True when `tensor` was made by `op`, whose attributes it then has. */
export const isOp = <A>(tensor: Tensor, op: Primitive<A>): tensor is Tensor<A> & Tensor =>
  (tensor.op as unknown) === (op as unknown);

/** Every tensor the given ones depend on (themselves included), inputs before users. */
export function topologicalOrder(roots: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const stack = [...roots];
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    stack.push(...node.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Number of elements of a static tensor, 0 where the size is unknown. */
export const elementCount = (tensor: Tensor): number =>
  isStatic(tensor.shape) ? tensor.shape.reduce((a, b) => a * b, 1) : 0;
