import { ReparamError } from '../errors.ts';
import type { DType } from '../host.ts';
import type { Emitter } from '../onnx/emitter.ts';
import { broadcastShapes, sameShape } from '../shape.ts';
import { apply, type Primitive, type Tensor } from '../tensor.ts';
import { broadcastOffsets, build } from './loops.ts';
import { asTensor, constant, type TensorLike } from './source.ts';
import { broadcastOperands, sumTo } from './structure.ts';

type Inputs = readonly Tensor[];

/** What an elementwise operation is, apart from the broadcasting that all of them share. */
interface Elementwise {
  readonly name: string;
  /** Element type of the result: the operands' own unless stated. */
  readonly result?: DType;
  /** Element types accepted; float32 unless stated. */
  readonly accepts?: readonly DType[];
  readonly value: (...operands: number[]) => number;
  /** Gradients with respect to each operand, before un-broadcasting. Absent: no gradient anywhere. */
  readonly grad?: (g: Tensor, inputs: Inputs, y: Tensor) => (Tensor | null)[];
  /** An ONNX operator, or a recipe when one does not do. */
  readonly onnx: string | ((emit: Emitter, inputs: readonly string[], node: Tensor) => string);
  readonly simplify?: (inputs: Inputs, node: Tensor) => Tensor | undefined;
}

export function defineElementwise(spec: Elementwise): Primitive<null> {
  const { name, value, grad, onnx } = spec;
  const accepts = spec.accepts ?? ['float32'];
  const op: Primitive<null> = {
    name,
    pointwise: true,
    infer(inputs) {
      // `where` selects with a bool; its element type is that of the branches.
      const data = name === 'where' ? inputs.slice(1) : inputs;
      const dtype = data[0]!.dtype;
      const fits = data.every((t) => t.dtype === dtype && accepts.includes(dtype));
      if (!fits || (name === 'where' && inputs[0]!.dtype !== 'bool')) {
        const each = accepts.length === 1 ? accepts[0] : `the same one of ${accepts.join(', ')} for each`;
        throw new ReparamError('dtype', `${name}: element types do not fit`, {
          got: inputs.map((i) => i.dtype).join(' and '),
          expected: name === 'where' ? `bool, then ${each}` : each,
          fix: 'Use cast',
        });
      }
      const shape = inputs.map((t) => t.shape).reduce((a, b) => broadcastShapes(a, b, name));
      return { dtype: spec.result ?? dtype, shape };
    },
    lower: (emit, inputs, node) =>
      typeof onnx === 'string' ? emit.node(onnx, inputs) : onnx(emit, inputs, node as unknown as Tensor),
    evaluate(inputs, _attrs, shape) {
      const dtype = spec.result ?? inputs[inputs.length - 1]!.dtype;
      const reads = inputs.map((t) => ({
        data: t.data,
        at: sameShape(t.shape, shape) ? undefined : broadcastOffsets(t.shape, shape),
      }));
      const operands = new Array<number>(reads.length);
      return build(dtype, shape, (i) => {
        for (let k = 0; k < reads.length; k++) {
          const { data, at } = reads[k]!;
          operands[k] = Number(data[at ? at[i]! : i]);
        }
        return value(...operands);
      });
    },
    simplify(node) {
      const known = spec.simplify?.(node.inputs, node as unknown as Tensor);
      if (known && sameShape(known.shape, node.shape)) return known;
      const inputs = broadcastOperands(node.inputs, node.shape);
      return inputs && apply(op, inputs, null);
    },
  };
  if (grad) {
    op.vjp = (g, node) =>
      grad(g, node.inputs, node as unknown as Tensor).map((gi, k) => gi && sumTo(gi, node.inputs[k]!.shape));
  }
  return op;
}

export function unary(op: Primitive<null>): (x: TensorLike) => Tensor {
  return (x) => apply(op, [asTensor(x)], null);
}

export function binary(op: Primitive<null>): (a: TensorLike, b: TensorLike) => Tensor {
  return (a, b) => apply(op, [like(a, b), like(b, a)], null);
}

/** A number beside an int32 tensor is an int32. */
export function like(value: TensorLike, other: TensorLike): Tensor {
  const isIndex = typeof value === 'number' && typeof other !== 'number' && other.dtype === 'int32';
  return isIndex ? constant(value, 'int32') : asTensor(value);
}
