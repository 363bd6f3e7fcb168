import { ReparamError } from '@reparam/tensor';
import { unzipSync } from 'fflate';
import { type RawArray, requireBytes } from './elements.ts';
import { deflateRatio, unpackLimit } from './gzip.ts';
import { parseNpy } from './npy.ts';

/** Reads every array of an npz file (a zip of npy files, packed or not), by name. Throws a data error naming `at`. */
export function parseNpz(bytes: Uint8Array, at = 'npz', limit = unpackLimit): Record<string, RawArray> {
  requireBytes(bytes, at);
  let left = limit;
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        if (!name.endsWith('.npy')) return false;
        left -= originalSize;
        if (left < 0 || originalSize > size * deflateRatio || size > bytes.length) {
          throw new ReparamError('data', 'npz entry is too large', {
            got: `${originalSize} bytes unpacked from ${size}`,
            expected: `at most ${limit} in all`,
            at: `${at}, ${name}`,
          });
        }
        return true;
      },
    });
  } catch (cause) {
    if (cause instanceof ReparamError) throw cause;
    throw new ReparamError('data', 'not an npz file, or truncated', {
      got: `${bytes.length} bytes: ${(cause as Error).message}`,
      expected: 'a zip of npy files',
      fix: 'Copy or save it again',
      at,
      cause,
    });
  }
  const names = Object.keys(entries);
  if (names.length === 0) {
    throw new ReparamError('data', 'npz file holds no arrays', { expected: 'entries ending in .npy', at });
  }
  return Object.fromEntries(names.map((name) => [name.slice(0, -4), parseNpy(entries[name]!, `${at}, ${name}`)]));
}
