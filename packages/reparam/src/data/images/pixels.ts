/** A picture: `height × width × channels` bytes, row after row. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** The largest square in the middle; an odd pixel too many is left out right and below. */
export function centerSquare({ width, height, channels, data }: Pixels): Pixels {
  const side = Math.min(width, height);
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const out = new Uint8Array(side * side * channels);
  for (let row = 0; row < side; row++) {
    const from = ((top + row) * width + left) * channels;
    out.set(data.subarray(from, from + side * channels), row * side * channels);
  }
  return { width: side, height: side, channels, data: out };
}

/** One channel (luma of ITU-R BT.601: 0.299 R + 0.587 G + 0.114 B) or three (grey repeated). */
export function withChannels(pixels: Pixels, channels: 1 | 3): Pixels {
  if (pixels.channels === channels) return pixels;
  const { width, height, data } = pixels;
  const out = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    if (channels === 3) out.fill(data[i]!, 3 * i, 3 * i + 3);
    else out[i] = Math.round((299 * data[3 * i]! + 587 * data[3 * i + 1]! + 114 * data[3 * i + 2]!) / 1000);
  }
  return { width, height, channels, data: out };
}

/**
 * Resamples to `height × width`, each axis for itself: the mean over the area a new pixel covers where it shrinks, linear
 * between the centres of the nearest two where it grows. Rounded to whole values once, at the end.
 */
export function resize(pixels: Pixels, height: number, width: number): Pixels {
  const { channels, data } = pixels;
  if (pixels.width === width && pixels.height === height) return pixels;
  const columns = axisWeights(pixels.width, width);
  const rows = axisWeights(pixels.height, height);
  const narrow = new Float64Array(pixels.height * width * channels);
  for (let y = 0; y < pixels.height; y++) {
    for (let x = 0; x < width; x++) {
      const { first, weights } = columns[x]!;
      for (let c = 0; c < channels; c++) {
        let total = 0;
        for (let k = 0; k < weights.length; k++) {
          total += weights[k]! * data[(y * pixels.width + first + k) * channels + c]!;
        }
        narrow[(y * width + x) * channels + c] = total;
      }
    }
  }
  const out = new Uint8Array(height * width * channels);
  const line = width * channels;
  for (let y = 0; y < height; y++) {
    const { first, weights } = rows[y]!;
    for (let i = 0; i < line; i++) {
      let total = 0;
      for (let k = 0; k < weights.length; k++) total += weights[k]! * narrow[(first + k) * line + i]!;
      out[y * line + i] = Math.min(255, Math.round(total));
    }
  }
  return { width, height, channels, data: out };
}

/** For each of `to` pixels: the first of `from` pixels it is made of, and the weights of that one and those after it. */
function axisWeights(from: number, to: number): { first: number; weights: number[] }[] {
  const ratio = from / to;
  return Array.from({ length: to }, (_, i) => {
    if (ratio > 1) {
      const [start, end] = [i * ratio, Math.min(from, (i + 1) * ratio)];
      const first = Math.floor(start);
      const last = Math.min(from, Math.ceil(end - 1e-9));
      const weights = Array.from({ length: last - first }, (_, k) => {
        const covered = Math.min(end, first + k + 1) - Math.max(start, first + k);
        return covered / (end - start);
      });
      return { first, weights };
    }
    const center = Math.min(Math.max((i + 0.5) * ratio - 0.5, 0), from - 1);
    const first = Math.min(Math.floor(center), Math.max(0, from - 2));
    const share = center - first;
    return { first, weights: from === 1 ? [1] : [1 - share, share] };
  });
}
