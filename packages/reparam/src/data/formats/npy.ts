import { type HostTensor, ReparamError } from '@reparam/tensor';
import {
  type ArrayLayout,
  bodyOf,
  isElement,
  type RawArray,
  type RawData,
  readElements,
  requireBytes,
} from './elements.ts';
import { parseNpyHeader } from './npyHeader.ts';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** Most bytes that the header of an npy file may have. */
export const headerLimit = 65_536;

/**
 * Reads an npy file, versions 1 to 3, either byte order, C or Fortran order (returned row-major). Object, text, complex and
 * structured arrays are refused: nothing is unpickled. Throws a data error naming `at`.
 */
export function parseNpy(bytes: Uint8Array, at = 'npy'): RawArray {
  const { start, element, shape, littleEndian, fortranOrder } = npyLayout(bytes, at);
  const data = readElements(bodyOf(bytes, start, element, shape, at), element, littleEndian);
  return { element, shape, data: fortranOrder ? toRowMajor(data, shape) : data };
}

/** Where the elements of an npy file lie, and in which order, from the first `headerLimit` bytes of it or more. */
export function npyLayout(bytes: Uint8Array, at = 'npy'): ArrayLayout & { readonly fortranOrder: boolean } {
  requireBytes(bytes, at);
  if (!magic.every((byte, i) => bytes[i] === byte)) {
    throw new ReparamError('data', 'not an npy file', {
      got: `first bytes ${[...bytes.subarray(0, 6)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`,
      expected: '93 4e 55 4d 50 59 ("\\x93NUMPY")',
      at,
    });
  }
  const major = bytes[6] ?? 0;
  if (bytes.length >= 8 && (major < 1 || major > 3)) {
    throw new ReparamError('data', 'npy version is not known', { got: `${major}`, expected: '1, 2 or 3', at });
  }
  const start = major === 1 ? 10 : 12;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length < start ? 0 : major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (bytes.length < start || bytes.length < start + length || length > headerLimit) {
    throw new ReparamError('data', 'npy header is truncated or too long', {
      got: `${bytes.length} bytes in all`,
      expected: length > headerLimit ? `a header of at most ${headerLimit}, not ${length}` : `a header of ${length}`,
      fix: 'Copy or save it again',
      at,
    });
  }
  const header = parseNpyHeader(new TextDecoder().decode(bytes.subarray(start, start + length)), at);
  const [order, element] = [header.descr[0]!, header.descr.slice(1)];
  if (!isElement(element) || !'<>|='.includes(order)) {
    throw new ReparamError('data', 'npy element type is not supported', {
      got: `"${header.descr}"`,
      expected: 'numbers: b1, u1 to u8, i1 to i8, f2, f4, f8',
      fix: 'Save it as numbers, for example with .astype("float32")',
      at,
    });
  }
  const { shape, fortranOrder } = header;
  return { element, shape, start: start + length, littleEndian: order !== '>', fortranOrder };
}

/** Reorders column-major `data` (first index fastest) to row-major. */
function toRowMajor(data: RawData, shape: readonly number[]): RawData {
  const out = new (data.constructor as new (length: number) => RawData)(data.length);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((a, b) => a * b, 1));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    out[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

const descriptions = { float32: '<f4', int32: '<i4', int64: '<i8', uint8: '|u1', bool: '|b1' } as const;

/** Writes a tensor as npy version 1, C order; float32 held in float64 is written as `<f8`. */
export function writeNpy({ dtype, shape, data }: HostTensor): Uint8Array {
  const descr = data instanceof Float64Array ? '<f8' : descriptions[dtype];
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const header = `${dictionary.padEnd(Math.ceil((dictionary.length + 11) / 64) * 64 - 11)}\n`;
  const bytes = new Uint8Array(10 + header.length + data.byteLength);
  bytes.set([...magic, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  const body = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const width = Number(descr[2]) as 1 | 4 | 8;
  const element = descr.slice(1);
  if (!isElement(element)) throw new ReparamError('dtype', 'no npy element type', { got: descr });
  const little = width === 1 ? body : readElements(body, element, true);
  bytes.set(new Uint8Array(little.buffer, little.byteOffset, little.byteLength), 10 + header.length);
  return bytes;
}
