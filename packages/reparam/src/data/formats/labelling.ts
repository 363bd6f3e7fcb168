import { ReparamError } from '@reparam/tensor';
import type { BesideRows } from '../besideRows.ts';
import { unknownTarget } from '../targets.ts';
import { labelNames, readLabels } from './csv.ts';
import { csvRecords, guessDelimiter } from './csvRecords.ts';
import type { RawArray } from './elements.ts';
import { labelsOf } from './fromArray.ts';

/** What a file of labels holds: a class a row, or several labels of yes or no. */
export interface Labelling {
  readonly labels?: Int32Array;
  /** Where the classes are words. */
  readonly classNames?: readonly string[];
  readonly targets?: BesideRows;
}

/** Labels from an array: class numbers [N], or K > 1 labels of 0 or 1 a row [N, K]; −1 where missing. */
export function labellingOf(array: RawArray, at: string): Labelling {
  const [rows = 0, ...columns] = array.shape;
  const width = columns.reduce((a, b) => a * b, 1);
  if (width === 1) return { labels: labelsOf(array, at) };
  return { targets: yesNoTargets(Float64Array.from(array.data, Number), rows, at) };
}

/** Labels from a table: a column of classes (numbers or words), or K columns of 0 or 1; nothing or −1 where missing. A line that has nothing is a row. */
export function labellingOfTable(bytes: Uint8Array, at: string): Labelling {
  const records = Array.from(csvRecords(bytes, guessDelimiter(bytes), at, true), ({ fields }) =>
    fields.map((field) => field.trim()),
  );
  const [first = [], ...rest] = records;
  const isHeader = isNamed(first) || (first.some(isWord) && !rest.some((fields) => fields.some(isWord)));
  const rows = isHeader ? rest : records;
  const width = first.length;
  if (width === 1) return readLabels(rows.flat(), at);
  const values = rows.flatMap((fields, row) => {
    if (fields.length === width) return fields.map((field) => (field === '' ? -1 : Number(field)));
    if (fields.every((field) => field === '')) return Array<number>(width).fill(-1);
    throw new ReparamError('data', `labels of row ${row} are of another number`, {
      got: `${fields.length}`,
      expected: `${width}, as in the first line`,
      at,
    });
  });
  return { targets: yesNoTargets(values, rows.length, at) };
}

const isWord = (field: string): boolean => field !== '' && Number.isNaN(Number(field));
const isNamed = (fields: readonly string[]): boolean => fields.some((field) => labelNames.has(field.toLowerCase()));

/** K labels of 0 or 1 a row; a row of −1 has none. */
function yesNoTargets(values: ArrayLike<number>, rows: number, at: string): BesideRows {
  const size = values.length / rows;
  const data = new Uint8Array(values.length);
  let [known, oneHot] = [0, 0];
  for (let row = 0; row < rows; row++) {
    let [missing, ones] = [0, 0];
    for (let k = 0; k < size; k++) {
      const value = values[row * size + k]!;
      if (value !== 0 && value !== 1 && value !== -1) {
        throw new ReparamError('data', `label ${k} of row ${row} is not yes or no`, {
          got: `${value}`,
          expected: '0, 1, or −1 where missing',
          fix: 'For classes give one class number a row',
          at,
        });
      }
      data[row * size + k] = value < 0 ? unknownTarget : value;
      if (value < 0) missing++;
      ones += value === 1 ? 1 : 0;
    }
    if (missing > 0 && missing < size) {
      throw new ReparamError('data', `row ${row} has some of its labels only`, {
        got: `${missing} of ${size} missing`,
        expected: 'all of them or none (−1)',
        at,
      });
    }
    if (missing > 0) continue;
    known++;
    oneHot += ones === 1 ? 1 : 0;
  }
  if (oneHot < known || known === 0) return { data, size, scale: 1 };
  throw new ReparamError('data', 'labels are one-hot rows', {
    got: `${rows} × ${size} with one 1 a row`,
    expected: 'one class number a row, or labels that are yes or no each',
    fix: 'Turn one-hot rows into class numbers first',
    at,
  });
}
