import { type DType, type HostTensor, hostScalar, sizeOf } from '../host.ts';
import { checkSizes, formatDim, type Shape } from '../shape.ts';
import { apply, isOp, type Primitive, Tensor } from '../tensor.ts';

/** A tensor argument, or a number standing for a float32 scalar. */
export type TensorLike = Tensor | number;

export const inputOp: Primitive<{ name: string; dtype: DType; shape: Shape }> = {
  name: 'input',
  infer: (_, { name, dtype, shape }) => {
    checkSizes(shape, `input ${name}`);
    return { dtype, shape };
  },
  lower: (_emit, _inputs, node) => node.attrs.name,
  evaluate: () => {
    throw new Error('an input has no value of its own');
  },
};

export const constantOp: Primitive<{ value: HostTensor }> = {
  name: 'constant',
  infer: (_, { value }) => ({ dtype: value.dtype, shape: value.shape }),
  lower: (emit, _inputs, node) => emit.constant(node.attrs.value),
  evaluate: (_, { value }) =>
    value.dtype === 'float32' ? { ...value, data: Float64Array.from(value.data as Float32Array) } : value,
};

/** A named value supplied when the program runs. */
export const input = (name: string, shape: Shape, dtype: DType = 'float32'): Tensor =>
  apply(inputOp, [], { name, dtype, shape });

const scalars = new Map<string, WeakRef<Tensor>>();

/** A value fixed at trace time: a host tensor, or a number as a scalar of `dtype`. Scalars are shared. */
export function constant(value: HostTensor | number, dtype: 'float32' | 'int32' = 'float32'): Tensor {
  if (typeof value !== 'number') return apply(constantOp, [], { value });
  const key = `${dtype}:${Object.is(value, -0) ? '-0' : value}`;
  const known = scalars.get(key)?.deref();
  if (known) return known;
  const host: HostTensor = dtype === 'float32' ? scalar64(value) : { dtype, shape: [], data: Int32Array.of(value) };
  const made = apply(constantOp, [], { value: host });
  scalars.set(key, new WeakRef(made));
  return made;
}

// Held in float64 so that the reference interpreter sees the number that was written, not its float32 neighbour.
const scalar64 = (value: number): HostTensor => ({ ...hostScalar(value), data: Float64Array.of(value) });

/** The tensor itself, or a number as a float32 scalar. */
export const asTensor = (value: TensorLike): Tensor => (value instanceof Tensor ? value : constant(value));

/** The number in a scalar constant (or a constant filled with one number), else undefined. */
export function scalarValue(tensor: Tensor): number | undefined {
  if (!isOp(tensor, constantOp)) return undefined;
  const { data, shape } = tensor.attrs.value;
  return sizeOf(shape) === 1 ? Number(data[0]) : undefined;
}

/** A key that two inputs or constants share exactly when they are interchangeable. */
export function sourceKey(tensor: Tensor): string | undefined {
  if (isOp(tensor, inputOp)) return `${tensor.attrs.name}:${tensor.dtype}:${tensor.shape.map(formatDim)}`;
  if (!isOp(tensor, constantOp)) return undefined;
  const { dtype, shape, data } = tensor.attrs.value;
  const value =
    data.length <= 64
      ? Array.from(data as ArrayLike<number | bigint>, (v) => (Object.is(v, -0) ? '-0' : String(v))).join()
      : null;
  return value === null ? `#${tensor.id}` : `${dtype}:${shape.join()}:${value}`;
}
