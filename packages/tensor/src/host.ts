import { ReparamError } from './errors.ts';

/** Element types. `float32` values are held in float64 by the reference interpreter. */
export type DType = 'float32' | 'int32' | 'int64' | 'uint8' | 'bool';

/** Arrays that hold the elements of a host tensor. */
export type HostData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** A concrete array in host memory, row-major. `bool` is held as bytes 0 and 1. */
export interface HostTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

/** A `float32` tensor that holds 32-bit numbers: what the model's results are. */
export interface Float32Tensor extends HostTensor {
  readonly dtype: 'float32';
  readonly data: Float32Array;
}

/** Number of elements of a tensor of `shape`. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

const arrayTypes = {
  float32: [Float32Array, Float64Array],
  int32: [Int32Array],
  int64: [BigInt64Array],
  uint8: [Uint8Array],
  bool: [Uint8Array],
} as const;

/** Wraps `data` as a tensor of `shape`; throws when the sizes or the array's type disagree. */
export function hostTensor(data: Float32Array, shape: readonly number[]): Float32Tensor;
export function hostTensor(data: HostData, shape: readonly number[], dtype?: DType): HostTensor;
export function hostTensor(data: HostData, shape: readonly number[], dtype?: DType): HostTensor {
  const type = dtype ?? inferDType(data);
  if (!arrayTypes[type].some((array) => data instanceof array)) {
    throw new ReparamError('dtype', 'array does not hold this element type', {
      got: data.constructor.name,
      expected: `${arrayTypes[type][0].name} for ${type}`,
    });
  }
  if (data.length !== sizeOf(shape)) {
    throw new ReparamError('shape', 'array length does not match its shape', {
      got: `${data.length} elements`,
      expected: `${sizeOf(shape)} for shape [${shape.join(', ')}]`,
    });
  }
  return { dtype: type, shape: [...shape], data };
}

/** A float32 scalar (shape []). */
export const hostScalar = (value: number): HostTensor => hostTensor(Float32Array.of(value), []);

function inferDType(data: HostData): DType {
  if (data instanceof Float32Array || data instanceof Float64Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof BigInt64Array) return 'int64';
  return 'uint8';
}
