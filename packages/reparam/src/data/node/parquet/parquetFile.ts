import { type FileHandle, open } from 'node:fs/promises';
import * as zlib from 'node:zlib';
import { ReparamError } from '@reparam/tensor';
import {
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
} from 'hyparquet';
import { fileError } from '../files.ts';

/** What a column holds: one number, a list of them, text, or the bytes of a picture (bare, or with a path beside them). */
export type ColumnKind = 'number' | 'numbers' | 'text' | 'bytes' | 'struct with bytes' | 'other';

/** A parquet file, opened: its columns, and its rows a group at a time. */
export interface ParquetFile {
  readonly path: string;
  readonly bytes: number;
  readonly modified: number;
  readonly size: number;
  readonly columns: readonly { readonly name: string; readonly kind: ColumnKind }[];
  /** Names of the classes of a column, where Hugging Face’s `datasets` wrote them beside it. */
  classNames(column: string): readonly string[] | undefined;
  rows(columns: readonly string[]): AsyncGenerator<Record<string, unknown>[]>;
}

/** Most bytes of a row group, which is unpacked as one. */
const groupLimit = 2 ** 30;

/** Opens a parquet file. `data` errors say what is wrong with it, `file` errors why it cannot be read. */
export async function openParquet(path: string): Promise<ParquetFile> {
  const { file, bytes, modified } = await statOf(path);
  const damaged = (cause: unknown) =>
    new ReparamError('data', 'not a parquet file, or damaged', {
      got: (cause as Error).message,
      fix: 'Copy or write it again',
      at: path,
      cause,
    });
  const metadata = await withBuffer(file, bytes, (buffer) => parquetMetadataAsync(buffer)).catch((cause) => {
    throw damaged(cause);
  });
  const columns = parquetSchema(metadata).children.map(({ element, children }) => ({
    name: element.name,
    kind: kindOf(element, children),
  }));
  return {
    path,
    bytes,
    modified,
    size: Number(metadata.num_rows),
    columns,
    classNames: (column) => classNamesOf(metadata, column),
    async *rows(wanted) {
      let rowStart = 0;
      for (const group of metadata.row_groups) {
        const rowEnd = rowStart + Number(group.num_rows);
        if (Number(group.total_byte_size) > groupLimit) {
          throw new ReparamError('data', 'a row group is too large', {
            got: `${group.total_byte_size} bytes`,
            expected: `at most ${groupLimit}`,
            fix: 'Write the file with smaller row groups',
            at: path,
          });
        }
        const options = { metadata, columns: [...wanted], rowStart, rowEnd, utf8: false, compressors };
        yield await withBuffer(file, bytes, (buffer) => parquetReadObjects({ ...options, file: buffer })).catch(
          (cause) => {
            throw damaged(cause);
          },
        );
        rowStart = rowEnd;
      }
    },
  };
}

type Opened = () => Promise<FileHandle>;

async function statOf(path: string): Promise<{ file: Opened; bytes: number; modified: number }> {
  const file: Opened = () => open(path);
  try {
    const handle = await file();
    const { size, mtimeMs } = await handle.stat().finally(() => handle.close());
    return { file, bytes: size, modified: mtimeMs };
  } catch (cause) {
    throw fileError('cannot read file', path, cause);
  }
}

async function withBuffer<T>(file: Opened, bytes: number, use: (buffer: AsyncBuffer) => Promise<T>): Promise<T> {
  const handle = await file();
  const slice = async (start: number, end = bytes) => {
    const from = start < 0 ? bytes + start : start;
    if (!(from >= 0 && end <= bytes && from <= end))
      throw new Error(`it points at bytes ${from} to ${end} of ${bytes}`);
    const out = new ArrayBuffer(end - from);
    await handle.read(new Uint8Array(out), 0, end - from, from);
    return out;
  };
  return use({ byteLength: bytes, slice }).finally(() => handle.close());
}

type Schema = ReturnType<typeof parquetSchema>;

const numeric = new Set(['BOOLEAN', 'INT32', 'INT64', 'FLOAT', 'DOUBLE']);
const isNumber = ({ type, logical_type, converted_type }: Schema['element']) =>
  numeric.has(type ?? '') &&
  (!logical_type || logical_type.type === 'INTEGER') &&
  (converted_type === undefined || /^U?INT_/.test(converted_type));

function kindOf(element: Schema['element'], children: readonly Schema[]): ColumnKind {
  if (children.some((child) => child.element.name === 'bytes')) return 'struct with bytes';
  if (children.length === 0) {
    if (isNumber(element)) return element.repetition_type === 'REPEATED' ? 'numbers' : 'number';
    if (element.type !== 'BYTE_ARRAY') return 'other';
    return element.converted_type === 'UTF8' || element.logical_type?.type === 'STRING' ? 'text' : 'bytes';
  }
  const item = children[0]?.children[0];
  const isList = element.converted_type === 'LIST' || element.logical_type?.type === 'LIST';
  return isList && item && item.children.length === 0 && isNumber(item.element) ? 'numbers' : 'other';
}

function classNamesOf(metadata: FileMetaData, column: string): readonly string[] | undefined {
  const text = metadata.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  try {
    const names = JSON.parse(text ?? '{}').info?.features?.[column]?.names;
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
  } catch {
    return undefined;
  }
}

/** Snappy is in hyparquet; the others are Node’s. None unpacks to more than the file says. */
const compressors: Compressors = {
  GZIP: (input, length) => new Uint8Array(zlib.gunzipSync(input, { maxOutputLength: Math.max(1, length) })),
  BROTLI: (input, length) => new Uint8Array(zlib.brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) })),
  ZSTD: (input, length) => {
    const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (i: Uint8Array, o: object) => Uint8Array };
    if (!zstdDecompressSync) throw new Error('it is packed with ZSTD, which needs Node 22.15 or newer');
    return new Uint8Array(zstdDecompressSync(input, { maxOutputLength: Math.max(1, length) }));
  },
};
