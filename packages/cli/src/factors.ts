import { extname } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { type AnyDataset, type Factors, factorRows, parseCsv, parseNpy, spriteFactors } from 'reparam';
import type { Split } from 'reparam/data/node';
import { readFileChecked } from 'reparam/io/node';
import { requireExtension } from './pictureFile.ts';

/** Sets drawn from factors, which are therefore known. */
const known = new Map<string, (split: 'train' | 'test' | 'all') => Factors>(Object.entries({ sprites: spriteFactors }));

/** Where factors come from that are not known by the set's name. */
export interface FactorOptions {
  readonly factors?: string;
  readonly categorical?: readonly string[];
}

/** The factors behind the examples of `dataset`: those of a file, or those it was drawn from. */
export async function factorsOf(dataset: AnyDataset, split: Split, options: FactorOptions): Promise<Factors> {
  if (options.factors !== undefined) return readFactors(options.factors, dataset.size, options.categorical ?? []);
  if (options.categorical) {
    throw new ReparamError('config', '--categorical is about the factors of a file', {
      expected: '--factors beside it',
    });
  }
  const draw = known.get(dataset.name);
  if (!draw) {
    throw new ReparamError('config', 'the factors of this data set are not known', {
      got: dataset.name,
      expected: `${[...known.keys()].join(', ')}, or a file of factors`,
      fix: 'Give --factors a CSV or npy file with a row for each example, or take --dataset sprites',
    });
  }
  const factors = draw(split === 'validation' ? 'train' : split);
  return dataset.rowIds ? factorRows(factors, dataset.rowIds) : factors;
}

async function readFactors(path: string, rows: number, categorical: readonly string[]): Promise<Factors> {
  requireExtension(path, '.csv', '.tsv', '.npy');
  const { data, columns, names } = parseFactors(await readFileChecked(path), path);
  const at = data.findIndex((value) => !Number.isInteger(value) || Math.abs(value) > 2 ** 31 - 1);
  if (at >= 0) {
    throw new ReparamError('data', `a factor is not a whole number at row ${Math.floor(at / columns)}`, {
      got: String(data[at]),
      expected: 'levels as whole numbers',
      fix: 'Cut numbers into levels first, and number the words',
      at: path,
    });
  }
  if (data.length !== rows * columns) {
    throw new ReparamError('data', 'factors do not match the examples', {
      got: `${data.length / columns} rows`,
      expected: `${rows}, one an example of the split`,
      at: path,
    });
  }
  const strange = categorical.find((name) => !names.includes(name));
  if (strange !== undefined) {
    throw new ReparamError('config', '--categorical', { got: `"${strange}"`, expected: names.join(', ') });
  }
  const kinds = names.map((name) => (categorical.includes(name) ? ('categorical' as const) : ('ordered' as const)));
  return { names, kinds, values: Int32Array.from(data) };
}

function parseFactors(bytes: Uint8Array, path: string) {
  const numbered = (count: number) => Array.from({ length: count }, (_, j) => `factor${j}`);
  if (extname(path).toLowerCase() !== '.npy') {
    const { data, columns, names } = parseCsv(bytes, { labelColumn: false }, path);
    return { data: Float64Array.from(data), columns, names: names ?? numbered(columns) };
  }
  const { data, shape } = parseNpy(bytes, path);
  const columns = shape.length === 1 ? 1 : shape[1]!;
  if (shape.length > 2 || shape.length === 0 || data.length === 0) {
    throw new ReparamError('data', 'a table of factors', {
      got: `[${shape.join(', ')}]`,
      expected: '[n, factors]',
      at: path,
    });
  }
  return { data: Float64Array.from(data as ArrayLike<number>, Number), columns, names: numbered(columns) };
}
