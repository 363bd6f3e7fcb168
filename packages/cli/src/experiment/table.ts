import { estimate } from 'reparam';
import type { CellResult } from './cell.ts';
import type { CellTask } from './plan.ts';

/** A figure over draws. */
export interface Spread {
  readonly mean: number;
  /** Sample deviation / √draws; undefined for one draw. */
  readonly standardError: number | undefined;
  readonly count: number;
}

/** What became of a cell; neither result nor error: it has not been run. */
export interface CellOutcome {
  readonly task: CellTask;
  readonly result?: CellResult;
  readonly error?: string;
}

/** The columns of a table: where a figure stands in a result, and how it is written. */
export const columns = [
  { key: 'accuracy', title: 'accuracy, test (%)', percent: true, of: ({ test }: CellResult) => test.accuracy },
  {
    key: 'unlabelledAccuracy',
    title: 'accuracy, unlabelled training images (%)',
    percent: true,
    of: ({ unlabelled }: CellResult) => unlabelled?.accuracy,
  },
  { key: 'logLoss', title: 'log-loss, test (nats)', percent: false, of: ({ test }: CellResult) => test.logLoss },
  { key: 'minutes', title: 'minutes', percent: false, of: ({ seconds }: CellResult) => seconds / 60 },
] as const;

/** The name of a column. */
export type ColumnKey = (typeof columns)[number]['key'];

/** One method, over its draws. */
export interface TableRow {
  readonly method: string;
  readonly letter: string | undefined;
  readonly title: string;
  /** How many cells it has, and how many of them are done. */
  readonly cells: number;
  readonly done: number;
  /** Of the cells that are done; a figure is absent where none has it. */
  readonly figures: Readonly<Partial<Record<ColumnKey, Spread>>>;
  /** Every cell: its figures, its error, or neither. */
  readonly draws: readonly {
    readonly draw: number;
    readonly cell: string;
    readonly result?: CellResult;
    readonly error?: string;
  }[];
}

/** Mean and standard error of `values`; undefined when there are none. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const { value, standardError } = estimate(values);
  return { mean: value, standardError: values.length > 1 ? standardError : undefined, count: values.length };
}

/** The rows of a table, in the order in which methods first come. */
export function tableRows(outcomes: readonly CellOutcome[]): TableRow[] {
  const names = [...new Set(outcomes.map(({ task }) => task.method.name))];
  return names.map((name): TableRow => {
    const own = outcomes.filter(({ task }) => task.method.name === name);
    const results = own.flatMap(({ result }) => (result ? [result] : []));
    const figures = columns.flatMap(({ key, of }) => {
      const found = spread(results.map(of).filter((value) => value !== undefined));
      return found ? [[key, found] as const] : [];
    });
    const { letter, title } = own[0]!.task.method;
    return {
      method: name,
      letter,
      title,
      cells: own.length,
      done: results.length,
      figures: Object.fromEntries(figures),
      draws: own.map(({ task, result, error }) => ({
        draw: task.draw,
        cell: task.name,
        ...(result && { result }),
        ...(error !== undefined && { error }),
      })),
    };
  });
}
