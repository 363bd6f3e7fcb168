import type { HostTensor } from '@reparam/tensor';
import type { ExampleSet } from 'reparam';
import type { ImageSize } from 'reparam/plot';

/** How examples of `dataShape` lie in memory as pictures; undefined when they are none: tables, or odd channel counts. */
export function imageSizeOf(dataShape: readonly number[]): ImageSize | undefined {
  const [height, width, channels = 1] = dataShape;
  if (dataShape.length < 2 || dataShape.length > 3 || (channels !== 1 && channels !== 3)) return undefined;
  return { height: height!, width: width!, channels, layout: 'hwc' };
}

/** Smallest and largest value of `data` in the model's units, widened to hold [0, 1] unless it lies outside. */
export function displayRange({ range, scale }: ExampleSet): { min: number; max: number } {
  const [min, max] = [range.min * scale, range.max * scale];
  return min >= 0 && max <= 1 + 1e-6 ? { min: 0, max: 1 } : { min, max };
}

/** Values as grey levels in [0, 1]. */
export function toGrey({ data }: HostTensor, { min, max }: { min: number; max: number }): Float32Array {
  const values = Float32Array.from(data as Float32Array);
  if (min === 0 && max === 1) return values;
  return values.map((value) => (value - min) / (max - min || 1));
}
