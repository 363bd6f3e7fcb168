import { ReparamError, sizeOf } from '@reparam/tensor';
import type { Beside, BesideRows } from './besideRows.ts';

/** What is known of a set of examples. The model sees stored value × scale; pixels stay bytes until they are in the graph. */
export interface ExampleSet extends Beside {
  /** Its registry name or the file it was read from. */
  readonly name: string;
  /** `train`, `validation`, `test` or `all`. */
  readonly split?: string;
  /** Number of examples. */
  readonly size: number;
  /** Shape of one example: `[H, W]` for grey images, `[H, W, C]` with channels, `[D]` for tables. */
  readonly shape: readonly number[];
  readonly dtype: 'uint8' | 'float32';
  /** Value in the model = stored value × scale. */
  readonly scale: number;
  /** Smallest and largest stored value. */
  readonly range: { readonly min: number; readonly max: number };
  /** One class index a row; −1 where it is missing. */
  readonly labels?: Int32Array;
  readonly classNames?: readonly string[];
  /** Row number of each example in the file it came from; absent when that is 0, 1, 2, … */
  readonly rowIds?: Int32Array;
  /** Where the bytes came from. */
  readonly source: string;
  /** What a reader of its figures should know, a sentence each: pictures that were lossy, or left out. */
  readonly notes?: readonly string[];
}

/** A set of examples in host memory. */
export interface Dataset extends ExampleSet {
  /** Row-major `[size, ...shape]`. */
  readonly data: Uint8Array | Float32Array;
}

/** Examples in memory, and what is known of them. */
export interface DatasetInit {
  readonly name: string;
  readonly data: Uint8Array | Float32Array;
  readonly shape: readonly number[];
  /** Default 1. */
  readonly scale?: number;
  readonly split?: string;
  readonly labels?: Int32Array;
  /** Several labels of 0 or 1 a row, for models that predict them. */
  readonly targets?: BesideRows;
  readonly classNames?: readonly string[];
  readonly source?: string;
  readonly notes?: readonly string[];
}

/** Checks and wraps examples: a data error names the row and column of a NaN or infinity, or labels that do not match. */
export function createDataset(init: DatasetInit): Dataset {
  const { name, data, shape, labels, targets, source = name, scale = 1, ...rest } = init;
  const width = sizeOf(shape);
  const size = data.length / width;
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new ReparamError('config', 'bad scale', { got: `${scale}`, expected: 'a positive number', at: name });
  }
  if (width < 1 || data.length === 0) {
    throw new ReparamError('data', 'data set is empty', { got: `${data.length} values of shape [${shape}]`, at: name });
  }
  if (!Number.isInteger(size)) {
    throw new ReparamError('data', 'values do not fill a whole number of examples', {
      got: `${data.length} values`,
      expected: `a multiple of ${width} for shape [${shape.join(', ')}]`,
      at: name,
    });
  }
  requireOneEach(labels?.length, size, name);
  requireOneEach(targets && targets.data.length / targets.size, size, name);
  const dtype = data instanceof Uint8Array ? 'uint8' : 'float32';
  const range = data instanceof Uint8Array ? byteRange(data) : floatRange(data, width, name);
  return {
    name,
    ...rest,
    size,
    shape: [...shape],
    dtype,
    scale,
    range,
    data,
    labels,
    ...(targets && { targets }),
    source,
  };
}

/** Throws `data` unless labels, where there are any, are as many as examples. */
export function requireOneEach(labels: number | undefined, size: number, at: string): void {
  if (labels === undefined || labels === size) return;
  throw new ReparamError('data', 'labels do not match the examples', {
    got: `${labels} labels`,
    expected: `${size}, one an example`,
    fix: 'Check that both files belong to the same set and split',
    at,
  });
}

/** Values of one example. */
export const widthOf = (dataset: ExampleSet): number => sizeOf(dataset.shape);

function byteRange(data: Uint8Array) {
  let min = 255;
  let max = 0;
  for (let i = 0; i < data.length && !(min === 0 && max === 255); i++) {
    const value = data[i]!;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

function floatRange(data: Float32Array, width: number, at: string) {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (!Number.isFinite(value)) {
      throw new ReparamError('data', `value is not finite at row ${Math.floor(i / width)}, column ${i % width}`, {
        got: `${value}`,
        expected: 'a finite 32-bit number',
        fix: 'Remove or impute such values first (rows and columns count from 0)',
        at,
      });
    }
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
