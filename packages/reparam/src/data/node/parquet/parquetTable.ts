import { ReparamError } from '@reparam/tensor';
import { unpackLimit } from '../../formats/gzip.ts';
import type { ImageEntry, ImageSplit } from '../images/entry.ts';
import type { ColumnKind, ParquetFile } from './parquetFile.ts';

/** Which columns of a parquet file are what. */
export interface ParquetColumns {
  readonly label?: string;
  /** The column of pictures, where there is one. */
  readonly image?: string;
  /** Columns of numbers, where there is none. */
  readonly numbers: readonly string[];
}

const labelNames = new Set(['label', 'labels', 'y', 'class', 'target']);
const imageNames = new Set(['image', 'img', 'picture', 'png', 'jpg', 'jpeg', 'webp']);

/** Finds the label, the pictures or else the numbers among the columns; a data error when there are neither. */
export function columnsOf({ columns, path }: ParquetFile, labelColumn?: string | number | false): ParquetColumns {
  const names = columns.map(({ name }) => name);
  const label =
    labelColumn === false
      ? undefined
      : labelColumn === undefined
        ? names.find((name) => labelNames.has(name.toLowerCase()))
        : typeof labelColumn === 'number'
          ? names[labelColumn]
          : names.find((name) => name === labelColumn);
  if (labelColumn !== undefined && labelColumn !== false && label === undefined) {
    throw new ReparamError('config', 'no such label column', {
      got: JSON.stringify(labelColumn),
      expected: `one of ${names.slice(0, 12).join(', ')}`,
      at: path,
    });
  }
  const others = columns.filter(({ name }) => name !== label);
  const image = others.find(
    ({ name, kind }) => kind === 'struct with bytes' || (kind === 'bytes' && imageNames.has(name.toLowerCase())),
  )?.name;
  const isNumeric = (kind: ColumnKind) => kind === 'number' || kind === 'numbers';
  const numbers = image ? [] : others.filter(({ kind }) => isNumeric(kind)).map(({ name }) => name);
  if (!image && numbers.length === 0) {
    throw new ReparamError('data', 'parquet file has no column of numbers or images', {
      got: columns
        .slice(0, 12)
        .map(({ name, kind }) => `${name} (${kind})`)
        .join(', '),
      at: path,
    });
  }
  return { ...(label !== undefined && { label }), ...(image !== undefined && { image }), numbers };
}

/** The pictures of a file, with the text of their label as class. */
export async function* parquetImages(
  file: ParquetFile,
  { image, label }: ParquetColumns,
  split: ImageSplit,
): AsyncGenerator<ImageEntry> {
  const names = label === undefined ? undefined : file.classNames(label);
  let row = 0;
  for await (const rows of file.rows([image!, ...(label === undefined ? [] : [label])])) {
    for (const values of rows) {
      const at = `${file.path}, row ${row++}`;
      const stored = values[image!] as { bytes?: unknown } | Uint8Array | null;
      const bytes = stored instanceof Uint8Array ? stored : stored?.bytes;
      const value = label === undefined ? undefined : values[label];
      const className = names?.[Number(value)] ?? (value === null || value === undefined ? '' : textOf(value));
      yield {
        at,
        split,
        className: className === '-1' ? '' : className,
        bytes: async () => {
          if (bytes instanceof Uint8Array && bytes.length > 0) return bytes;
          throw new ReparamError('data', 'there is no image in this row', { got: `${bytes}`, at });
        },
      };
    }
  }
}

const textOf = (value: unknown) => (value instanceof Uint8Array ? new TextDecoder().decode(value) : String(value));

/** Numbers of a parquet file: `[rows, columns]`, and labels as text where there are any. */
export interface ParquetTable {
  readonly data: Float32Array;
  readonly columns: number;
  readonly labels?: readonly string[];
}

/** Reads the columns of numbers, lists of one length side by side. A data error names row and column of what is no number. */
export async function parquetTable(file: ParquetFile, { numbers, label }: ParquetColumns): Promise<ParquetTable> {
  let data: Float32Array | undefined;
  let columns = 0;
  let used = 0;
  let row = 0;
  const labels: string[] = [];
  const one: number[] = [];
  for await (const rows of file.rows([...numbers, ...(label === undefined ? [] : [label])])) {
    for (const values of rows) {
      one.length = 0;
      for (const name of numbers) {
        const value = values[name];
        for (const item of Array.isArray(value) || ArrayBuffer.isView(value) ? (value as unknown[]) : [value]) {
          one.push(numberOf(item, row, name, file.path));
        }
      }
      if (!data) {
        columns = one.length;
        if (columns * file.size * 4 > unpackLimit) {
          throw new ReparamError('data', 'table is too large', {
            got: `${file.size} rows of ${columns} numbers`,
            expected: `at most ${unpackLimit} bytes as 32-bit numbers`,
            fix: 'Write it as npy, which can be read from the file as it is needed',
            at: file.path,
          });
        }
        data = new Float32Array(columns * file.size);
      }
      if (one.length !== columns) {
        throw new ReparamError('data', `row ${row} has another number of values`, {
          got: `${one.length}`,
          expected: `${columns}, as in the first row`,
          at: file.path,
        });
      }
      data.set(one, used);
      used += columns;
      if (label !== undefined) labels.push(values[label] === null ? '' : textOf(values[label]));
      row++;
    }
  }
  if (!data || columns === 0) throw new ReparamError('data', 'table is empty', { got: '0 rows', at: file.path });
  return { data: data.subarray(0, used), columns, ...(label !== undefined && { labels }) };
}

function numberOf(value: unknown, row: number, column: string, at: string): number {
  const number = value === null || value === undefined ? Number.NaN : Math.fround(Number(value));
  if (Number.isFinite(number)) return number;
  throw new ReparamError('data', `row ${row}, column ${column} is not a finite number`, {
    got: String(value),
    fix: 'Remove or impute such values',
    at,
  });
}
