import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, writeFileAtomic } from 'reparam/io/node';
import { figurePage, type PageTable } from 'reparam/plot';
import type { Output } from '../../app.ts';
import { rasterize } from '../../rasterize.ts';
import { columns } from '../../terminal/format.ts';

/** A cell of a table: numbers keep their digits in CSV and JSON. */
export type Cell = string | number;

/** A table of an experiment. */
export interface LabTable {
  /** Name of its CSV file, without the ending. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A chart of an experiment. */
export interface LabFigure {
  /** Name of its files, without the ending. */
  readonly name: string;
  readonly svg: string;
  readonly caption: string;
}

/** What an experiment found out. */
export interface LabReport {
  readonly title: string;
  /** What is measured and what to see in it, one paragraph each. */
  readonly lead: readonly string[];
  readonly figures: readonly LabFigure[];
  readonly tables: readonly LabTable[];
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A number as a table shows it: five significant digits. */
export function shown(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (!Number.isFinite(cell)) return Number.isNaN(cell) ? '–' : cell < 0 ? '−∞' : '∞';
  if (Number.isInteger(cell)) return cell.toLocaleString('en-US');
  const size = Math.abs(cell);
  return size >= 1e5 || size < 1e-4 ? cell.toExponential(3) : String(Number(cell.toPrecision(5)));
}

/** Writes `<name>.svg` and `.png` of every figure, `<name>.csv` of every table, results.json and index.html to `folder`. */
export async function writeLab(folder: string, report: LabReport): Promise<Output> {
  const { title, lead, figures, tables, settings } = report;
  await mkdir(folder, { recursive: true }).catch((cause) => {
    throw fileError('make the folder', folder, cause);
  });
  const results = Object.fromEntries(
    tables.map(({ name, columns: heads, rows }) => [name, rows.map((row) => recordOf(heads, row))]),
  );
  const files: string[] = [];
  const write = async (file: string, content: string | Uint8Array) => {
    await writeFileAtomic(join(folder, file), content);
    files.push(file);
  };
  for (const { name, svg } of figures) {
    await write(`${name}.svg`, svg);
    await write(`${name}.png`, await rasterize(svg));
  }
  for (const table of tables) await write(`${table.name}.csv`, csvOf(table));
  const pageTables: PageTable[] = tables.map((table) => ({ ...table, rows: table.rows.map((row) => row.map(shown)) }));
  await write('results.json', `${JSON.stringify({ title, settings, results }, null, 2)}\n`);
  await write('index.html', figurePage({ title, lead, figures, tables: pageTables, settings }));
  const text = tables.map(({ title: heading, columns: heads, rows }) =>
    [heading, columns([heads, ...rows.map((row) => row.map(shown))], '  ')].join('\n'),
  );
  return {
    json: { folder, settings, results, files },
    text: [...text, `written to ${folder} (open ${join(folder, 'index.html')})`].join('\n\n'),
  };
}

const recordOf = (heads: readonly string[], row: readonly Cell[]) =>
  Object.fromEntries(heads.map((head, i) => [head, row[i]]));

const csvOf = ({ columns: heads, rows }: LabTable): string =>
  [heads, ...rows].map((row) => `${row.map((cell) => quoted(String(cell))).join(',')}\n`).join('');

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
