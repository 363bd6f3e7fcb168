import { ReparamError } from '@reparam/tensor';
import { gunzipSync } from 'fflate';

/** Most bytes a compressed file may unpack to: 2 GiB − 1. */
export const unpackLimit = 2 ** 31 - 1;

/** Deflate cannot pack tighter than this. */
export const deflateRatio = 1032;

/** Whether bytes begin as a gzip member does. */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/**
 * Unpacks one gzip member. The size it promises is checked against `limit` and against what its bytes could hold before
 * memory is taken; its size and CRC-32 are checked after. Throws a data error naming `at`.
 */
export function gunzip(bytes: Uint8Array, at = 'gzip', limit = unpackLimit): Uint8Array {
  const damaged = (got: string, cause?: unknown) =>
    new ReparamError('data', 'gzip data is truncated or damaged', {
      got,
      expected: 'one whole gzip member',
      fix: 'Copy or download it again',
      at,
      cause,
    });
  if (bytes.length < 18 || !isGzip(bytes)) throw damaged(`${bytes.length} bytes without a gzip header`);
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 8);
  const size = trailer.getUint32(4, true);
  if (size > bytes.length * deflateRatio) throw damaged(`${bytes.length} bytes promising ${size}`);
  if (size > limit) {
    throw new ReparamError('data', 'compressed file is too large', {
      got: `${size} bytes unpacked`,
      expected: `at most ${limit}`,
      at,
    });
  }
  let unpacked: Uint8Array;
  try {
    // One byte to spare, so that data longer than promised shows.
    unpacked = gunzipSync(bytes, { out: new Uint8Array(size + 1) });
  } catch (cause) {
    throw damaged(`${bytes.length} bytes that do not inflate`, cause);
  }
  if (unpacked.length !== size) throw damaged(`${unpacked.length} bytes or more where ${size} were promised`);
  if (crc32(unpacked) !== trailer.getUint32(0, true)) throw damaged('another CRC-32 than recorded');
  return unpacked;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 of gzip and zip (reflected polynomial 0xEDB88320). */
export function crc32(bytes: Uint8Array): number {
  let c = -1;
  for (let i = 0; i < bytes.length; i++) c = crcTable[(c ^ bytes[i]!) & 255]! ^ (c >>> 8);
  return (c ^ -1) >>> 0;
}
