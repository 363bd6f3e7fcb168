import { foldIn, key, ReparamError, sizeOf, uniformArray } from '@reparam/tensor';
import { completionLayout, type Quadrant, quadrants } from './completion.ts';

/** Parts of a picture that can be said to be missing. */
export const missingParts = ['left', 'right', 'top', 'bottom', ...quadrants] as const;
/** A half or a quarter of a picture, or this share of its values, drawn for each example. */
export type MissingPart = (typeof missingParts)[number] | { readonly share: number };

/**
 * 1 where a value is missing and 0 where it is known, row-major [count, ...shape], of examples of `shape`. A middle row or
 * column belongs to the top and the left; of a pixel all channels are missing, or none.
 */
export function missingValues(
  shape: readonly number[],
  part: MissingPart,
  count: number,
  seed: number | bigint = 0,
): Uint8Array {
  const width = sizeOf(shape);
  if (typeof part === 'object') return drawn(shape, part.share, count, seed);
  const one = new Uint8Array(width);
  const halves = quadrants.filter((quadrant) => quadrant === part || quadrant.split('-').includes(part)) as Quadrant[];
  for (const quadrant of halves) for (const at of completionLayout(shape, quadrant).missing) one[at] = 1;
  return Uint8Array.from({ length: count * width }, (_, i) => one[i % width]!);
}

function drawn(shape: readonly number[], share: number, count: number, seed: number | bigint): Uint8Array {
  if (!(share > 0 && share <= 1)) {
    throw new ReparamError('config', 'share of missing values', { got: `${share}`, expected: 'above 0, at most 1' });
  }
  const channels = shape.length === 3 ? shape[2]! : 1;
  const pixels = sizeOf(shape) / channels;
  const uniform = uniformArray(foldIn(key(seed), 'missing'), count * pixels);
  return Uint8Array.from({ length: count * pixels * channels }, (_, i) =>
    uniform[Math.floor(i / channels)]! < share ? 1 : 0,
  );
}
