import { deriveKey, threefry2x32 } from '@reparam/tensor';

/**
 * The numbers 0 … n−1 in an order fixed by (seed, site, draw): Fisher–Yates on the counter-based generator. An index is
 * ⌊word · m / 2³²⌋, whose bias is below m / 2³².
 */
export function permutation(n: number, seed: number | bigint, site = 'permutation', draw = 0): Int32Array {
  const { k0, k1 } = deriveKey(seed, site, draw);
  const words = new Uint32Array(2);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const step = n - 1 - i;
    if ((step & 1) === 0) threefry2x32(k0, k1, step >>> 1, 0, words);
    const j = Math.floor((words[step & 1]! / 2 ** 32) * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

/** The order in which epoch `epoch` presents `size` examples; the same for the same (seed, epoch) on every machine. */
export const epochOrder = (size: number, seed: number | bigint, epoch: number): Int32Array =>
  permutation(size, seed, 'epoch', epoch);
