import { type HostData, type HostTensor, sizeOf } from '../host.ts';
import { stridesOf } from '../shape.ts';

/** An array of the interpreter's type for `dtype`. */
export function allocate(dtype: HostTensor['dtype'], size: number): HostData {
  if (dtype === 'float32') return new Float64Array(size);
  if (dtype === 'int32') return new Int32Array(size);
  if (dtype === 'int64') return new BigInt64Array(size);
  return new Uint8Array(size);
}

/** Writes a number into any element type. */
export function setNumber(data: HostData, index: number, value: number): void {
  if (data instanceof BigInt64Array) data[index] = BigInt(Math.trunc(value));
  else data[index] = value;
}

/** Builds a tensor by computing each element from its flat index. */
export function build(
  dtype: HostTensor['dtype'],
  shape: readonly number[],
  value: (index: number) => number,
): HostTensor {
  const data = allocate(dtype, sizeOf(shape));
  for (let i = 0; i < data.length; i++) setNumber(data, i, value(i));
  return { dtype, shape, data };
}

/** For each element of `shape` in row-major order, the flat offset given by `strides`. */
export function offsets(shape: readonly number[], strides: readonly number[], start = 0): Int32Array {
  const out = new Int32Array(sizeOf(shape));
  if (out.length === 0) return out;
  const index = new Array<number>(shape.length).fill(0);
  let offset = start;
  for (let i = 0; i < out.length; i++) {
    out[i] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** Offsets that read a tensor of shape `from` as if broadcast to `to`. */
export function broadcastOffsets(from: readonly number[], to: readonly number[]): Int32Array {
  const padded = [...new Array<number>(to.length - from.length).fill(1), ...from];
  return offsets(to, stridesOf(padded, true));
}
