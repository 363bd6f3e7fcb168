import { ReparamError } from '../errors.ts';
import { threefry2x32 } from './threefry.ts';

/** A 64-bit generator key as two unsigned 32-bit words. */
export interface Key {
  readonly k0: number;
  readonly k1: number;
}

/** Second counter word of numbered children. Above every block index (< 2^31), so children never overlap their parent's own stream. */
const numbered = 0x9e3779b9;
const pair = new Uint32Array(2);

/** The key of a seed: an integer from 0 to 2^53 - 1, or a bigint below 2^64; anything else throws `config`. */
export function key(seed: number | bigint): Key {
  const valid = typeof seed === 'bigint' ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0;
  if (!valid) {
    throw new ReparamError('config', 'seed is out of range', {
      got: String(seed),
      expected: 'an integer from 0 to 2^53 - 1, or a bigint below 2^64',
    });
  }
  const bits = BigInt(seed);
  return { k0: Number(bits & 0xffffffffn), k1: Number(bits >> 32n) };
}

/**
 * An independent child of `parent` for a name, or for an integer from 0 to 2^32 - 1: Threefry under the parent key of
 * FNV-1a-64(name in UTF-8), or of the number beside a constant. Other numbers throw `config`.
 */
export function foldIn(parent: Key, child: string | number): Key {
  if (typeof child === 'string') {
    hashName(child);
    threefry2x32(parent.k0, parent.k1, pair[0]!, pair[1]!, pair);
  } else {
    if (!(Number.isInteger(child) && child >= 0 && child < 2 ** 32)) {
      throw new ReparamError('config', 'key number is out of range', {
        got: String(child),
        expected: 'an integer from 0 to 2^32 - 1',
      });
    }
    threefry2x32(parent.k0, parent.k1, child, numbered, pair);
  }
  return { k0: pair[0]!, k1: pair[1]! };
}

/** The key of draw number `draw` (0 to 2^32 - 1) at noise site `site` under `seed`. */
export const deriveKey = (seed: number | bigint, site: string, draw: number): Key =>
  foldIn(foldIn(key(seed), site), draw);

/** FNV-1a, 64 bits: offset basis cbf29ce484222325, prime 2^40 + 0x1b3; the low word is left in `pair[0]`. */
function hashName(name: string): void {
  let low = 0x84222325;
  let high = 0xcbf29ce4;
  for (const byte of new TextEncoder().encode(name)) {
    low = (low ^ byte) >>> 0;
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + (low << 8) + Math.floor(product / 2 ** 32)) >>> 0;
    low = product >>> 0;
  }
  pair[0] = low;
  pair[1] = high;
}
