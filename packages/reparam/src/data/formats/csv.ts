import { ReparamError } from '@reparam/tensor';
import { csvRecords, guessDelimiter } from './csvRecords.ts';
import { requireBytes } from './elements.ts';

/** How a table of text is read. */
export interface CsvOptions {
  /** Default: whichever of comma, tab and semicolon the first line has most of. */
  readonly delimiter?: string;
  /** Default: the first line is a header when all its fields are words, one is a label column's name, or `labelColumn` is a name. */
  readonly header?: boolean;
  /** Name or number (from 0) of the label column; `false` for none. Default: a column named label, labels, y, class or target. */
  readonly labelColumn?: string | number | false;
}

/** A numeric table `[rows, columns]`, row-major, with the label column taken out. */
export interface CsvTable {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
  readonly names?: readonly string[];
  /** Class of each row, −1 where the field is empty. */
  readonly labels?: Int32Array;
  /** Present when labels are words: sorted, and `labels` index them. */
  readonly classNames?: readonly string[];
}

/** What a column of labels is called. */
export const labelNames = new Set(['label', 'labels', 'y', 'class', 'target']);

/**
 * Reads CSV or TSV (RFC 4180 quoting; LF or CRLF; blank lines skipped). Every field but the label must be a finite number.
 * Throws a data error naming line and column (from 1).
 */
export function parseCsv(bytes: Uint8Array, options: CsvOptions = {}, at = 'CSV'): CsvTable {
  requireBytes(bytes, at);
  const delimiter = options.delimiter ?? guessDelimiter(bytes);
  let values = new Float32Array(1024);
  let used = 0;
  let rows = 0;
  let width = 0;
  let names: string[] | undefined;
  let labelAt = -1;
  const labels: string[] = [];
  for (const { fields, line } of csvRecords(bytes, delimiter, at)) {
    if (width === 0) {
      width = fields.length;
      const header = options.header ?? (typeof options.labelColumn === 'string' || looksLikeHeader(fields));
      if (header) names = fields.map((field) => field.trim());
      labelAt = findLabel(options.labelColumn, names, width, at);
      if (header) continue;
    }
    if (fields.length !== width) {
      throw new ReparamError('data', `line ${line} has another number of fields`, {
        got: `${fields.length}`,
        expected: `${width}, as in the first line`,
        at,
      });
    }
    if (used + width > values.length) {
      const larger = new Float32Array(2 * (used + width));
      larger.set(values);
      values = larger;
    }
    for (let column = 0; column < width; column++) {
      const field = fields[column]!;
      if (column === labelAt) labels.push(field.trim());
      else values[used++] = numberOf(field, line, column, at);
    }
    rows++;
  }
  const columns = labelAt < 0 ? width : width - 1;
  if (rows === 0 || columns === 0) {
    throw new ReparamError('data', 'table is empty', { got: `${rows} rows of ${columns} numeric columns`, at });
  }
  return {
    data: values.slice(0, used),
    rows,
    columns,
    names: names?.filter((_, column) => column !== labelAt),
    ...(labelAt < 0 ? {} : readLabels(labels, at)),
  };
}

const missing = /^(|[+-]?(nan|inf|infinity)|na|n\/a|null|none|\?)$/i;

/** Missing-value marks are not words: a first row of data with one is refused, not swallowed. */
function looksLikeHeader(fields: readonly string[]): boolean {
  const trimmed = fields.map((field) => field.trim());
  const words = trimmed.filter((field) => !missing.test(field) && Number.isNaN(Number(field)));
  return words.length === fields.length || words.some((word) => labelNames.has(word.toLowerCase()));
}

function findLabel(wanted: CsvOptions['labelColumn'], names: string[] | undefined, width: number, at: string): number {
  if (wanted === false) return -1;
  if (wanted === undefined) return names?.findIndex((name) => labelNames.has(name.toLowerCase())) ?? -1;
  const index = typeof wanted === 'number' ? wanted : (names?.indexOf(wanted) ?? -1);
  if (!(Number.isInteger(index) && index >= 0 && index < width)) {
    throw new ReparamError('config', 'no such label column', {
      got: JSON.stringify(wanted),
      expected: names
        ? `one of ${names.slice(0, 12).join(', ')}`
        : `a number from 0 to ${width - 1} (there is no header)`,
      at,
    });
  }
  return index;
}

function numberOf(field: string, line: number, column: number, at: string): number {
  const value = field.trim() === '' ? Number.NaN : Math.fround(Number(field));
  if (!Number.isFinite(value)) {
    throw new ReparamError('data', `line ${line}, column ${column + 1} is not a finite number`, {
      got: JSON.stringify(field.slice(0, 40)),
      fix: 'Remove or impute such values; name the label column if this is it',
      at,
    });
  }
  return value;
}

/** Class numbers from the texts of a label column; words are sorted and numbered. A data error at a number that is no class. */
export function readLabels(fields: string[], at: string): { labels: Int32Array; classNames?: string[] } {
  const wholes = fields.map((field) => (field === '' ? -1 : Number(field)));
  if (wholes.every((label) => Number.isInteger(label) && label >= -1 && label < 2 ** 31)) {
    return { labels: Int32Array.from(wholes) };
  }
  if (wholes.every((label) => !Number.isNaN(label))) {
    const row = wholes.findIndex((label) => !(Number.isInteger(label) && label >= -1 && label < 2 ** 31));
    throw new ReparamError('data', `label of row ${row} is not a class number`, {
      got: fields[row],
      expected: 'whole numbers from 0 (−1 or nothing where missing), or words',
      at,
    });
  }
  const classNames = [...new Set(fields)].filter((field) => field !== '').sort();
  const index = new Map(classNames.map((name, i) => [name, i]));
  return { labels: Int32Array.from(fields, (field) => index.get(field) ?? -1), classNames };
}

/** Writes `[rows, columns]` numbers as CSV with an optional header; a number reads back as the same float32. */
export function writeCsv(data: ArrayLike<number>, columns: number, names?: readonly string[]): string {
  const lines = names ? [names.map(quote).join(',')] : [];
  const exact = data instanceof Float32Array ? shortest : String;
  for (let from = 0; from < data.length; from += columns) {
    lines.push(Array.from({ length: columns }, (_, column) => exact(data[from + column]!)).join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** Nine significant digits identify a float32. */
const shortest = (value: number): string => String(Number(value.toPrecision(9)));

const quote = (name: string): string => (/[",\n\r]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name);
