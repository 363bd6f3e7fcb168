import { ReparamError } from '@reparam/tensor';
import { type ArrayLayout, bodyOf, type Element, type RawArray, readElements, requireBytes } from './elements.ts';

const elements: Record<number, Element> = { 8: 'u1', 9: 'i1', 11: 'i2', 12: 'i4', 13: 'f4', 14: 'f8' };

/**
 * Reads IDX, the format of MNIST: two zero bytes, a type byte (0x08 u1, 0x09 i1, 0x0B i2, 0x0C i4, 0x0D f4, 0x0E f8), the
 * number of axes, each axis as a big-endian uint32, then the elements, big-endian. Throws a data error naming `at`.
 */
export function parseIdx(bytes: Uint8Array, at = 'IDX'): RawArray {
  const { element, shape, start } = idxLayout(bytes, at);
  return { element, shape, data: readElements(bodyOf(bytes, start, element, shape, at), element, false) };
}

/** Where the elements of an IDX file lie, from its first bytes. */
export function idxLayout(bytes: Uint8Array, at = 'IDX'): ArrayLayout {
  requireBytes(bytes, at);
  const element = elements[bytes[2] ?? -1];
  const axes = bytes[3] ?? 0;
  if (bytes[0] !== 0 || bytes[1] !== 0 || !element || axes === 0) {
    throw new ReparamError('data', 'not an IDX file', {
      got: `first bytes ${[...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`,
      expected: '00 00, a type from 08 to 0e, a number of axes',
      at,
    });
  }
  const start = 4 + 4 * axes;
  if (bytes.length < start) {
    throw new ReparamError('data', 'file is truncated', {
      got: `${bytes.length} bytes`,
      expected: `a header of ${start} for ${axes} axes`,
      fix: 'Copy or download it again',
      at,
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, start);
  const shape = Array.from({ length: axes }, (_, i) => view.getUint32(4 + 4 * i));
  return { element, shape, start, littleEndian: false };
}
