import { ReparamError, sizeOf } from '@reparam/tensor';
import { createDataset, type Dataset } from './dataset.ts';
import type { AnyDataset } from './streamed.ts';
import { isStreamed } from './streamed.ts';

/** A quarter of a picture. */
export type Quadrant = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';
/** Every quadrant. */
export const quadrants: readonly Quadrant[] = ['top-left', 'top-right', 'bottom-left', 'bottom-right'];

/** Where the parts of a picture lie in it. */
export interface CompletionLayout {
  /** Shape of the missing part. */
  readonly shape: readonly number[];
  /** Positions in the whole picture of the values of the missing part, and of those of the rest, in order. */
  readonly missing: Int32Array;
  readonly rest: Int32Array;
}

/** The layout of pictures of `shape` ([H, W] or [H, W, C]) without `missing`; an odd middle belongs to the top and the left. */
export function completionLayout(shape: readonly number[], missing: Quadrant): CompletionLayout {
  const [height, width, channels = 1] = shape;
  if (shape.length < 2 || shape.length > 3 || height! < 2 || width! < 2) {
    throw new ReparamError('data', 'only pictures can be completed', {
      got: `examples of shape [${shape.join(', ')}]`,
      expected: '[height, width] or [height, width, channels], at least 2 × 2',
    });
  }
  const [vertical, horizontal] = missing.split('-');
  const [middleRow, middleColumn] = [Math.ceil(height! / 2), Math.ceil(width! / 2)];
  const inside = (position: number) => {
    const [row, column] = [Math.floor(position / channels / width!), Math.floor(position / channels) % width!];
    return row < middleRow === (vertical === 'top') && column < middleColumn === (horizontal === 'left');
  };
  const positions = Int32Array.from({ length: sizeOf(shape) }, (_, i) => i);
  const [rows, columns] = [
    vertical === 'top' ? middleRow : height! - middleRow,
    horizontal === 'left' ? middleColumn : width! - middleColumn,
  ];
  return {
    shape: shape.length === 3 ? [rows, columns, channels] : [rows, columns],
    missing: positions.filter(inside),
    rest: positions.filter((position) => !inside(position)),
  };
}

/**
 * Prediction in place of description (Sohn et al. 2015): one quadrant of each picture becomes the example, the other
 * three, as they are stored, the condition.
 * @example completion(await openDataset('mnist'), { missing: 'bottom-left' })
 */
export function completion(dataset: AnyDataset, { missing }: { readonly missing: Quadrant }): Dataset {
  if (isStreamed(dataset)) {
    throw new ReparamError('unsupported', 'completion needs the pictures in memory', {
      got: 'a data set that stays in files',
      at: dataset.name,
    });
  }
  const layout = completionLayout(dataset.shape, missing);
  const { data, scale, size, rowIds, condition: _, ...rest } = dataset;
  const width = sizeOf(dataset.shape);
  const pick = (positions: Int32Array) => {
    const out = new (data instanceof Uint8Array ? Uint8Array : Float32Array)(size * positions.length);
    for (let row = 0, at = 0; row < size; row++) {
      for (const position of positions) out[at++] = data[row * width + position]!;
    }
    return out;
  };
  return {
    ...createDataset({ ...rest, data: pick(layout.missing), shape: layout.shape, scale }),
    ...(rowIds && { rowIds }),
    condition: { data: pick(layout.rest), size: layout.rest.length, scale },
  };
}

/** Whole pictures, row-major, from the missing parts and the conditions of as many examples, both in the model's units. */
export function reassemble(
  { missing, rest }: CompletionLayout,
  parts: ArrayLike<number>,
  conditions: ArrayLike<number>,
): Float32Array {
  const width = missing.length + rest.length;
  const count = parts.length / missing.length;
  const whole = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    missing.forEach((position, i) => {
      whole[row * width + position] = parts[row * missing.length + i]!;
    });
    rest.forEach((position, i) => {
      whole[row * width + position] = conditions[row * rest.length + i]!;
    });
  }
  return whole;
}
