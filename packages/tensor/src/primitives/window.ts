import { ReparamError } from '../errors.ts';
import { type Dim, formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

export type Pair = readonly [number, number];

/** A window that slides over an image: height first in every pair. */
export interface Window {
  readonly kernel: Pair;
  readonly stride: Pair;
  /** Rows above and below, columns left and right, that read as 0. */
  readonly padding: Pair;
}

/** A window and the image [height, width] it slides over. */
export interface Geometry extends Window {
  readonly image: Pair;
}

/** Step and border of a window; one number stands for both directions. */
export interface WindowOptions {
  readonly stride?: number | Pair;
  readonly padding?: number | Pair;
}

export const pairOf = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);

const each = (fn: (axis: 0 | 1) => number): Pair => [fn(0), fn(1)];

/** How many places the window takes in each direction. */
export const gridOf = ({ kernel, stride, padding, image }: Geometry): Pair =>
  each((i) => Math.floor((image[i] + 2 * padding[i] - kernel[i]) / stride[i]) + 1);

/** The image that a grid of windows covers: the smallest one, and `extra` rows and columns. */
export const imageOf = ({ kernel, stride, padding }: Window, grid: Pair, extra: Pair): Pair =>
  each((i) => (grid[i] - 1) * stride[i] + kernel[i] - 2 * padding[i] + extra[i]);

/** Rows and columns of the image beyond the smallest one its grid covers. */
export const extraOf = (geometry: Geometry): Pair => {
  const least = imageOf(geometry, gridOf(geometry), [0, 0]);
  return each((i) => geometry.image[i] - least[i]);
};

/** The last two sizes of an image tensor [batch, channels, height, width]; throws unless they are known. */
export function imageSize(x: Tensor, doing: string): Pair {
  const [height, width] = x.shape.slice(-2) as readonly Dim[];
  if (x.rank === 4 && x.dtype === 'float32' && typeof height === 'number' && typeof width === 'number') {
    return [height, width];
  }
  throw new ReparamError('shape', `${doing}: not a batch of images`, {
    got: `${x.dtype} ${formatShape(x.shape)}`,
    expected: 'float32 [batch, channels, height, width] of known height and width',
    fix: 'Reshape first: leading axes become one batch',
  });
}

/** Throws unless the window is made of whole numbers and fits into the padded image at least once. */
export function checkGeometry(geometry: Geometry, doing: string): void {
  const { kernel, stride, padding, image } = geometry;
  const isAtLeast = (least: number, pair: Pair) => pair.every((n) => Number.isInteger(n) && n >= least);
  const isWindow = isAtLeast(1, kernel) && isAtLeast(1, stride) && isAtLeast(0, padding);
  if (isWindow && isAtLeast(1, image) && isAtLeast(1, gridOf(geometry))) return;
  throw new ReparamError('shape', `${doing}: window does not fit the image`, {
    got: `kernel ${kernel.join('×')}, stride ${stride.join('×')}, padding ${padding.join('×')}, image ${image.join('×')}`,
    expected: 'whole numbers, and a kernel no larger than the padded image',
  });
}

/** For each place in the kernel and each place in the grid, the position in the image, or −1 in the border. */
export function patchPositions(geometry: Geometry): Int32Array {
  const { kernel, stride, padding, image } = geometry;
  const grid = gridOf(geometry);
  const positions = new Int32Array(kernel[0] * kernel[1] * grid[0] * grid[1]);
  let at = 0;
  for (let ki = 0; ki < kernel[0]; ki++) {
    for (let kj = 0; kj < kernel[1]; kj++) {
      for (let i = 0; i < grid[0]; i++) {
        for (let j = 0; j < grid[1]; j++) {
          const y = i * stride[0] + ki - padding[0];
          const x = j * stride[1] + kj - padding[1];
          positions[at++] = y >= 0 && y < image[0] && x >= 0 && x < image[1] ? y * image[1] + x : -1;
        }
      }
    }
  }
  return positions;
}

/** `patchPositions` the other way round: for each pixel the patch elements that read it, in as many rows as needed; −1 fills up. */
export function pixelSources(geometry: Geometry): Int32Array[] {
  const pixels = geometry.image[0] * geometry.image[1];
  const sources: number[][] = Array.from({ length: pixels }, () => []);
  patchPositions(geometry).forEach((pixel, element) => {
    if (pixel >= 0) sources[pixel]!.push(element);
  });
  const rows = Math.max(...sources.map((s) => s.length));
  return Array.from({ length: rows }, (_, r) => Int32Array.from(sources, (s) => s[r] ?? -1));
}
