import { ReparamError } from '@reparam/tensor';

/** Element types of array files: kind (b bool, u unsigned, i signed, f float) and bytes. */
export type Element = 'b1' | 'u1' | 'i1' | 'u2' | 'i2' | 'u4' | 'i4' | 'u8' | 'i8' | 'f2' | 'f4' | 'f8';

/** Arrays of the element types that npy and IDX files hold. */
export type RawData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** An array as a file holds it, row-major; `f2` is widened to Float32Array, `b1` is bytes. */
export interface RawArray {
  readonly element: Element;
  readonly shape: readonly number[];
  readonly data: RawData;
}

/** How an array lies in a file: its elements, row-major, from byte `start` on. */
export interface ArrayLayout {
  readonly element: Element;
  readonly shape: readonly number[];
  readonly start: number;
  readonly littleEndian: boolean;
}

const arrays = {
  b1: Uint8Array,
  u1: Uint8Array,
  i1: Int8Array,
  u2: Uint16Array,
  i2: Int16Array,
  u4: Uint32Array,
  i4: Int32Array,
  u8: BigUint64Array,
  i8: BigInt64Array,
  f2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
} as const;

export const isElement = (name: string): name is Element => Object.hasOwn(arrays, name);

/** Whether this machine stores numbers with the lowest byte first. */
export const hostIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reads `body` as elements. Bytes are not copied; wider elements are copied and put in this machine's byte order. */
export function readElements(body: Uint8Array, element: Element, littleEndian: boolean): RawData {
  if (element === 'u1' || element === 'b1') return body;
  const width = Number(element[1]);
  const bytes = new Uint8Array(body);
  if (width > 1 && littleEndian !== hostIsLittle) {
    for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
  }
  const data = new arrays[element](bytes.buffer, 0, bytes.length / width);
  return element === 'f2' ? Float32Array.from(data as Uint16Array, halfToFloat) : data;
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

/**
 * The body of a file whose header promises `shape` of `element`. Compared with what is really there before anything is
 * allocated, so a header cannot ask for memory; throws a data error when it is short, long or empty. A plain Uint8Array even
 * of a Node Buffer, whose `slice` does not copy.
 */
export function bodyOf(bytes: Uint8Array, start: number, element: Element, shape: readonly number[], at: string) {
  const promised = shape.reduce((a, b) => a * b, Number(element[1]));
  const found = bytes.length - start;
  if (promised === 0) {
    throw new ReparamError('data', 'file holds no examples', { got: `shape [${shape.join(', ')}]`, at });
  }
  if (promised !== found) {
    throw new ReparamError('data', promised > found ? 'file is truncated' : 'file is longer than its header says', {
      got: `${found} bytes after the header`,
      expected: `${promised} for ${element} [${shape.join(', ')}]`,
      fix: 'Copy or download it again',
      at,
    });
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, promised);
}

/** Throws a data error for a file of no bytes. */
export function requireBytes(bytes: Uint8Array, at: string): void {
  if (bytes.length === 0) {
    throw new ReparamError('data', 'file is empty', { got: '0 bytes', fix: 'Copy or download it again', at });
  }
}
