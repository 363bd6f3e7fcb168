import { open } from 'node:fs/promises';
import { ReparamError, sizeOf } from '@reparam/tensor';
import { cifarRecord, cifarShape, interleavePlanes, requireRecords } from '../../formats/cifar.ts';
import { type ArrayLayout, hostIsLittle, readElements } from '../../formats/elements.ts';
import { eventShape } from '../../formats/fromArray.ts';
import { idxLayout } from '../../formats/idx.ts';
import { headerLimit, npyLayout } from '../../formats/npy.ts';
import { formatOf } from '../../formats/parse.ts';
import { fileError } from '../files.ts';

/** A file of records of one size: where they lie, and how one becomes an example. */
export interface RowFile {
  readonly path: string;
  /** To notice that it was changed while in use. */
  readonly bytes: number;
  readonly modified: number;
  /** First byte of the first record, bytes of a record, and how many there are. */
  readonly start: number;
  readonly stride: number;
  readonly count: number;
  readonly shape: readonly number[];
  readonly dtype: 'uint8' | 'float32';
  /** Whether a record holds exactly the bytes of an example on this machine. */
  readonly isVerbatim: boolean;
  /** Turns whole records into examples, from the start of `out`. */
  decode(records: Uint8Array, out: Uint8Array | Float32Array): void;
}

/** Whether files of this name can be read by rows: IDX, npy and CIFAR-10 batches that are not compressed. */
export const isStreamable = (path: string): boolean =>
  !path.toLowerCase().endsWith('.gz') && ['idx', 'npy', 'cifar'].includes(formatOf(path) ?? '');

/** Reads the header of an uncompressed IDX, npy or CIFAR-10 file; data errors name what keeps it from being read by rows. */
export async function openRowFile(path: string): Promise<RowFile> {
  const { head, bytes, modified } = await readHead(path);
  const common = { path, bytes, modified };
  if (formatOf(path) === 'cifar') {
    const width = sizeOf(cifarShape);
    const decode = (records: Uint8Array, out: Uint8Array | Float32Array) => {
      for (let row = 0; row * cifarRecord < records.length; row++) {
        interleavePlanes(records, row * cifarRecord + 1, out as Uint8Array, row * width);
      }
    };
    const count = requireRecords(bytes, path);
    const file = { ...common, start: 0, stride: cifarRecord, count, shape: cifarShape, isVerbatim: false, decode };
    return { ...file, dtype: 'uint8' };
  }
  const layout = formatOf(path) === 'idx' ? idxLayout(head, path) : rowMajor(npyLayout(head, path), path);
  return { ...common, ...recordsOf(layout, bytes, path) };
}

function recordsOf({ element, shape, start, littleEndian }: ArrayLayout, bytes: number, at: string) {
  const itemSize = Number(element[1]);
  const promised = sizeOf(shape) * itemSize;
  if (promised === 0 || bytes - start !== promised) {
    throw new ReparamError(
      'data',
      promised === 0 ? 'file holds no examples' : 'file is not as long as its header says',
      {
        got: `${bytes - start} bytes after the header`,
        expected: `${promised} for ${element} [${shape.join(', ')}]`,
        fix: 'Copy or write it again',
        at,
      },
    );
  }
  const event = eventShape({ shape }, at);
  const isBytes = element === 'u1' || element === 'b1';
  const decode = (records: Uint8Array, out: Uint8Array | Float32Array) => {
    const values = readElements(records, element, littleEndian);
    for (let i = 0; i < values.length; i++) out[i] = Number(values[i]);
  };
  return {
    start,
    stride: sizeOf(event) * itemSize,
    count: shape[0]!,
    shape: event,
    dtype: isBytes ? ('uint8' as const) : ('float32' as const),
    isVerbatim: isBytes || (element === 'f4' && littleEndian === hostIsLittle),
    decode,
  };
}

function rowMajor(layout: ReturnType<typeof npyLayout>, at: string): ArrayLayout {
  if (!layout.fortranOrder || layout.shape.length < 2) return layout;
  throw new ReparamError('data', 'an array in Fortran order cannot be read by rows', {
    expected: 'C order: the values of an example side by side',
    fix: 'Save it with numpy.ascontiguousarray, or read it into memory (data.stream = false)',
    at,
  });
}

async function readHead(path: string): Promise<{ head: Uint8Array; bytes: number; modified: number }> {
  try {
    const file = await open(path);
    try {
      const { size, mtimeMs } = await file.stat();
      const head = new Uint8Array(Math.min(size, headerLimit + 16));
      await file.read(head, 0, head.length, 0);
      return { head, bytes: size, modified: mtimeMs };
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileError('cannot read file', path, cause);
  }
}
