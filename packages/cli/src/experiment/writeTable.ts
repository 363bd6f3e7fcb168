import { join } from 'node:path';
import { writeFileAtomic } from 'reparam/io/node';
import { barChart, figurePage } from 'reparam/plot';
import { rasterize } from '../rasterize.ts';
import { withError } from '../terminal/format.ts';
import type { Budget } from './labelSplit.ts';
import { type ColumnKey, columns, type Spread, type TableRow } from './table.ts';

/** A table, whole or in part. */
export interface Table {
  readonly dataset: string;
  readonly budget: Budget;
  readonly notes: readonly string[];
  readonly rows: readonly TableRow[];
  /** What the table was asked for, for its page and its JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Names of the files of a table. */
export const tableFiles = ['json', 'csv', 'md', 'html', 'svg', 'png'].map((kind) => `experiment.${kind}`);

/** Writes the table as JSON, CSV, Markdown, a page and a picture, each file whole. */
export async function writeTable(folder: string, table: Table): Promise<void> {
  const { notes, rows, settings } = table;
  const write = (kind: string, content: string | Uint8Array) =>
    writeFileAtomic(join(folder, `experiment.${kind}`), content);
  const chart = chartOf(table);
  const json = { title: titleOf(table), isComplete: isComplete(rows), notes, settings, rows };
  await write('json', `${JSON.stringify(json, null, 2)}\n`);
  await write('csv', csvOf(rows));
  await write('md', markdownOf(table));
  await write('svg', chart);
  await write('png', await rasterize(chart));
  await write(
    'html',
    figurePage({
      title: titleOf(table),
      lead: notes,
      warnings: failures(rows),
      figures: [{ svg: chart, caption: 'Test accuracy, mean over draws; the line is one standard error either way.' }],
      tables: [
        { columns: heads(rows), rows: body(rows) },
        { title: 'Draws', columns: drawHeads, rows: drawsOf(rows) },
      ],
      settings,
    }),
  );
}

export const titleOf = ({ dataset, budget }: Pick<Table, 'dataset' | 'budget'>): string =>
  `Classes of ${dataset}, ${budget === 'all' ? 'all images labelled, split 80 to 20' : `${budget} images labelled`}`;

const isComplete = (rows: readonly TableRow[]): boolean => rows.every(({ cells, done }) => cells === done);

/** Why cells have no figures, one line for each reason. */
export const failures = (rows: readonly TableRow[]): string[] =>
  rows.flatMap(({ method, draws }) =>
    draws.flatMap(({ draw, error }) => (error === undefined ? [] : [`${method}, draw ${draw}: ${error}`])),
  );

const shownColumns = (rows: readonly TableRow[]) => columns.filter(({ key }) => rows.some((row) => row.figures[key]));

/** The heads of a table for people, and its lines. */
export const heads = (rows: readonly TableRow[]): string[] => [
  '',
  'method',
  ...shownColumns(rows).map(({ title }) => title),
  ...(isComplete(rows) ? [] : ['draws done']),
];

export const body = (rows: readonly TableRow[]): string[][] =>
  rows.map((row) => [
    row.letter ? `(${row.letter})` : '',
    row.title,
    ...shownColumns(rows).map(({ key, percent }) => shown(row.figures[key], percent)),
    ...(isComplete(rows) ? [] : [progressOf(row)]),
  ]);

function shown(figure: Spread | undefined, percent: boolean): string {
  if (!figure) return '–';
  const factor = percent ? 100 : 1;
  const { mean, standardError } = figure;
  const error = standardError === undefined ? undefined : factor * standardError;
  // Draws that agree differ by rounding at most.
  return error !== undefined && error < 1e-6 ? `${(factor * mean).toFixed(2)} ± 0.00` : withError(factor * mean, error);
}

function progressOf({ cells, done, draws }: TableRow): string {
  const failed = draws.filter(({ error }) => error !== undefined).length;
  return `${done} of ${cells}${failed > 0 ? `, ${failed} failed` : ''}`;
}

const drawHeads = ['method', 'draw', ...columns.map(({ title }) => title), 'chosen'];

const drawsOf = (rows: readonly TableRow[]): string[][] =>
  rows.flatMap(({ method, draws }) =>
    draws.map(({ draw, result, error }) => [
      method,
      String(draw),
      ...columns.map(({ of, percent }) => {
        const value = result && of(result);
        return value === undefined ? '–' : ((percent ? 100 : 1) * value).toFixed(2);
      }),
      result
        ? Object.entries(result.fitting)
            .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
            .join(', ')
        : error === undefined
          ? 'not run'
          : 'failed',
    ]),
  );

const csvColumn = ({ mean, standardError }: Partial<Spread> = {}): (number | string)[] => [
  mean ?? '',
  standardError ?? '',
];

/** A line a method; shares and nats as they are. */
export function csvOf(rows: readonly TableRow[]): string {
  const head = ['method', 'letter', 'title', 'draws', 'drawsDone', 'drawsFailed'];
  const keys = columns.map(({ key }): ColumnKey => key);
  const lines = rows.map(({ method, letter, title, cells, done, draws, figures }) => [
    ...[method, letter ?? '', quoted(title), cells, done],
    draws.filter(({ error }) => error !== undefined).length,
    ...keys.flatMap((key) => csvColumn(figures[key])),
  ]);
  return [[...head, ...keys.flatMap((key) => [key, `${key}StandardError`])], ...lines]
    .map((line) => `${line.join(',')}\n`)
    .join('');
}

const quoted = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function markdownOf(table: Table): string {
  const { notes, rows } = table;
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const lines = [line(heads(rows)), line(heads(rows).map(() => '---')), ...body(rows).map(line)];
  const failed = failures(rows).map((reason) => `Failed: ${reason}`);
  return `${[`# ${titleOf(table)}`, lines.join('\n'), ...failed, ...notes].join('\n\n')}\n`;
}

function chartOf(table: Table): string {
  const bars = table.rows.flatMap(({ method, figures: { accuracy } }) =>
    accuracy ? [{ label: method, value: 100 * accuracy.mean, standardError: 100 * (accuracy.standardError ?? 0) }] : [],
  );
  return barChart({
    title: titleOf(table),
    x: { label: 'method' },
    y: { label: 'test accuracy (%)' },
    width: 900,
    height: 360,
    bars,
  });
}
