import { ReparamError } from '@reparam/tensor';
import { encode } from 'fast-png';

/** An image in memory: bytes row by row, `channels` values (grey or red, green, blue) a pixel. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** Pixel values of many images, one after another: floats in [0, 1] (clipped) or bytes in 0–255. */
export type Pixels = Float32Array | Uint8Array;

/** How one image lies in memory. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
  /** 1 (grey, the default) or 3 (red, green, blue). */
  readonly channels?: 1 | 3;
  /** `chw` (default): one plane a channel, as the models hold them; `hwc`: the channels of a pixel together. */
  readonly layout?: 'chw' | 'hwc';
}

/** How a grid of images is drawn. */
export interface GridOptions extends ImageSize {
  /** How many images to draw; default all. */
  readonly count?: number;
  /** Images a row; default about a square. */
  readonly columns?: number;
  /** Whole zoom factor, nearest neighbour; by default images become at least 64 pixels high. */
  readonly scale?: number;
  /** Pixels between images and around them, after zooming; default 2. */
  readonly padding?: number;
  /** Rows that belong together; a wider gap follows each group. */
  readonly groupRows?: number;
  /** Colour between the images, 0–255; default 255 (white). */
  readonly background?: number;
}

/** Images side by side, row by row, as one image; `shape` or `data` errors when sizes or values do not fit. */
export function imageGrid(images: Pixels, options: GridOptions): Image {
  const { height, width, channels = 1, layout = 'chw', padding = 2, groupRows, background = 255 } = options;
  const size = height * width * channels;
  const count = options.count ?? images.length / size;
  const columns = options.columns ?? Math.ceil(Math.sqrt(count));
  const scale = options.scale ?? Math.max(1, Math.ceil(64 / Math.max(height, width)));
  checkWhole({ height, width, count, columns, scale });
  if (images.length < count * size) {
    throw new ReparamError('shape', 'too few pixel values for the grid', {
      got: `${images.length}`,
      expected: `${count * size} for ${count} images of ${channels}×${height}×${width}`,
    });
  }
  const rows = Math.ceil(count / columns);
  const groupGap = groupRows ? Math.max(2, 3 * padding) : 0;
  const top = (row: number) =>
    padding + row * (height * scale + padding) + (groupRows ? Math.floor(row / groupRows) * groupGap : 0);
  const grid = {
    width: padding + columns * (width * scale + padding),
    height: top(rows - 1) + height * scale + padding,
    channels,
    data: new Uint8Array(0),
  };
  if (grid.width * grid.height > 2 ** 28) {
    throw new ReparamError('config', 'the picture is too large', {
      got: `${grid.width}×${grid.height} pixels`,
      fix: 'Draw fewer images or a smaller scale',
    });
  }
  grid.data = new Uint8Array(grid.width * grid.height * channels).fill(background);

  const [pixelStride, channelStride] = layout === 'chw' ? [1, height * width] : [channels, 1];
  const byte = toByte(images);
  for (let i = 0; i < count; i++) {
    const y0 = top(Math.floor(i / columns));
    const x0 = padding + (i % columns) * (width * scale + padding);
    for (let y = 0; y < height * scale; y++) {
      const source = i * size + Math.floor(y / scale) * width * pixelStride;
      let target = ((y0 + y) * grid.width + x0) * channels;
      for (let x = 0; x < width * scale; x++) {
        const pixel = source + Math.floor(x / scale) * pixelStride;
        for (let c = 0; c < channels; c++) grid.data[target++] = byte(pixel + c * channelStride);
      }
    }
  }
  return grid;
}

/** Originals with their reconstructions below them, `columns` (default 10) pairs a row. */
export function pairsGrid(originals: Pixels, reconstructions: Pixels, options: GridOptions): Image {
  const size = options.height * options.width * (options.channels ?? 1);
  const count = options.count ?? Math.min(originals.length, reconstructions.length) / size;
  const columns = Math.min(options.columns ?? 10, count);
  checkWhole({ count, columns });
  const rows = Math.ceil(count / columns);
  // Both kinds as floats; places without a pair in the last rows stay in the background's colour.
  const background = (options.background ?? 255) / 255;
  const woven = new Float32Array(2 * rows * columns * size).fill(background);
  [originals, reconstructions].forEach((images, kind) => {
    const unit = images instanceof Uint8Array ? 1 / 255 : 1;
    for (let i = 0; i < count; i++) {
      const place = (2 * Math.floor(i / columns) + kind) * columns + (i % columns);
      const values = images.subarray(i * size, (i + 1) * size);
      for (let j = 0; j < size; j++) woven[place * size + j] = values[j]! * unit;
    }
  });
  return imageGrid(woven, { ...options, count: 2 * rows * columns, columns, groupRows: 2 });
}

/** One row of `columns` images for each interpolation or latent dimension, with a gap between rows. */
export function stripGrid(images: Pixels, options: GridOptions & { readonly columns: number }): Image {
  return imageGrid(images, { ...options, groupRows: 1 });
}

/** A square of images without gaps: the decoded grid of a two-dimensional latent space. */
export function manifoldGrid(images: Pixels, options: GridOptions): Image {
  return imageGrid(images, { scale: Math.max(1, Math.ceil(32 / options.height)), ...options, padding: 0 });
}

/** The bytes of a PNG file. */
export const encodePng = ({ width, height, channels, data }: Image): Uint8Array =>
  encode({ width, height, channels, data, depth: 8 });

function toByte(images: Pixels): (index: number) => number {
  if (images instanceof Uint8Array) return (index) => images[index]!;
  return (index) => {
    const value = images[index]!;
    if (Number.isNaN(value)) {
      throw new ReparamError('data', 'a picture holds a value that is not a number', { at: `value ${index}` });
    }
    return Math.round(255 * Math.min(1, Math.max(0, value)));
  };
}

function checkWhole(sizes: Record<string, number>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new ReparamError('shape', `${name} of a picture grid`, { got: `${value}`, expected: 'a whole number ≥ 1' });
    }
  }
}
