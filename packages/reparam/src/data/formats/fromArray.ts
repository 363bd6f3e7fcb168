import { ReparamError, sizeOf } from '@reparam/tensor';
import { createDataset, type Dataset } from '../dataset.ts';
import type { RawArray } from './elements.ts';
import type { Labelling } from './labelling.ts';

/** What an array alone does not say about its examples. */
export interface FromArrayOptions {
  readonly labels?: Labelling | undefined;
  /** Value in the model = stored × scale. Default: 1/255 for bytes (1 when none exceeds 1), else 1. */
  readonly scale?: number;
  /** Shape of one example; default: the array's own without its first axis, without a last axis of 1 for images. */
  readonly shape?: readonly number[];
  readonly split?: string;
}

/**
 * Examples from an array whose first axis counts them. Unsigned bytes stay bytes; other numbers become float32, and a data
 * error names row and column of any that is not finite there.
 */
export function fromArray(array: RawArray, name: string, options: FromArrayOptions = {}): Dataset {
  const { element, data } = array;
  const bytes = element === 'u1' || element === 'b1';
  const stored = bytes ? (data as Uint8Array) : data instanceof Float32Array ? data : Float32Array.from(data, Number);
  const own = eventShape(array, name);
  const shape = options.shape ?? own;
  if (sizeOf(shape) !== sizeOf(own)) {
    throw new ReparamError('data', 'examples are of another size', {
      got: `[${own.join(', ')}]`,
      expected: `[${shape.join(', ')}]`,
      at: name,
    });
  }
  const scale = options.scale ?? defaultScale(stored);
  return createDataset({ name, data: stored, shape, scale, ...options.labels, split: options.split });
}

/** 1/255 for bytes of which any exceeds 1, else 1. */
export const defaultScale = (data: Uint8Array | Float32Array): number =>
  data instanceof Uint8Array && data.some((value) => value > 1) ? 1 / 255 : 1;

/** Shape of one example of an array whose first axis counts them. */
export function eventShape({ shape }: Pick<RawArray, 'shape'>, at: string): readonly number[] {
  const event = shape.slice(1);
  if (shape.length === 0) {
    throw new ReparamError('data', 'array has no axis of examples', { got: 'a scalar', expected: '[examples, …]', at });
  }
  if (event.length === 0) return [1];
  return event.length === 3 && event[2] === 1 ? event.slice(0, 2) : event;
}

/** Class numbers from an array of N or N × 1 whole numbers, −1 where missing; anything else is a data error. */
export function labelsOf({ shape, data }: RawArray, at: string): Int32Array {
  if (shape.slice(1).some((length) => length !== 1)) {
    throw new ReparamError('data', 'labels have the wrong shape', {
      got: `[${shape.join(', ')}]`,
      expected: 'one class number an example',
      fix: 'Turn one-hot rows into class numbers first',
      at,
    });
  }
  const labels = Int32Array.from(data, Number);
  const bad = labels.findIndex((label, row) => label !== Number(data[row]) || label < -1);
  if (bad >= 0) {
    throw new ReparamError('data', `label of row ${bad} is not a class number`, {
      got: `${data[bad]}`,
      expected: 'a whole number from 0, or −1 where missing',
      at,
    });
  }
  return labels;
}
