import { ReparamError } from '@reparam/tensor';

/** Pixels of a CIFAR image, and bytes of a record: a label, then red, green and blue planes of 32 × 32. */
const plane = 1024;
export const cifarRecord = 1 + 3 * plane;

/** Shape of a CIFAR image here: rows, columns, channels. */
export const cifarShape = [32, 32, 3] as const;

/** Class names of CIFAR-10, as its `batches.meta.txt` has them. */
export const cifar10Classes: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

/** Turns the planes of one record (its label left out), from `from` on, into pixels of three bytes at `to`. */
export function interleavePlanes(bytes: Uint8Array, from: number, out: Uint8Array, to: number): void {
  for (let pixel = 0; pixel < plane; pixel++) {
    out[to + 3 * pixel] = bytes[from + pixel]!;
    out[to + 3 * pixel + 1] = bytes[from + plane + pixel]!;
    out[to + 3 * pixel + 2] = bytes[from + 2 * plane + pixel]!;
  }
}

/**
 * Reads a batch file of CIFAR-10's binary version: pixels [n, 32, 32, 3] and labels. Throws a data error when the file is no
 * whole number of records or holds a label above 9.
 */
export function parseCifar10(bytes: Uint8Array, at = 'CIFAR-10'): { data: Uint8Array; labels: Int32Array } {
  const size = requireRecords(bytes.length, at);
  const data = new Uint8Array(size * 3 * plane);
  const labels = new Int32Array(size);
  for (let row = 0; row < size; row++) {
    const start = row * cifarRecord;
    labels[row] = requireLabel(bytes[start]!, row, at);
    interleavePlanes(bytes, start + 1, data, row * 3 * plane);
  }
  return { data, labels };
}

/** How many records `length` bytes are; a data error when they are no whole number of them. */
export function requireRecords(length: number, at: string): number {
  const size = length / cifarRecord;
  if (Number.isInteger(size) && size > 0) return size;
  throw new ReparamError('data', 'not a batch of CIFAR-10 images, or truncated', {
    got: `${length} bytes`,
    expected: `records of ${cifarRecord} bytes: a label and 3 × 32 × 32 pixels`,
    fix: 'Use the binary version of CIFAR-10, and copy or download it again',
    at,
  });
}

/** `label` where it is a class of CIFAR-10; a data error naming the record otherwise. */
export function requireLabel(label: number, row: number, at: string): number {
  if (label < 10) return label;
  throw new ReparamError('data', `label of record ${row} is no class of CIFAR-10`, {
    got: `${label}`,
    expected: 'a number from 0 to 9',
    fix: 'Use the binary version of CIFAR-10 (CIFAR-100 has two labels a record)',
    at,
  });
}
