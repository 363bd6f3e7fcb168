import { estimate } from 'reparam';
import { isObject } from '../config/tree.ts';
import type { CellResult } from './runCell.ts';

/** A figure over seeds. */
export interface Spread {
  readonly mean: number;
  /** Over seeds (sample deviation / √n); with one seed, over the test examples. */
  readonly standardError: number | undefined;
}

/** All that is known of one preset. */
export interface ComparisonRow {
  readonly preset: string;
  readonly seeds: readonly number[];
  readonly figures: Readonly<Record<string, Spread>>;
  readonly runs: readonly string[];
  /** What the figures are of, for example `probability of bits (dynamic)`: only rows that agree in it compare. */
  readonly measure: string;
}

/** The figures of a comparison: key in the results, title, unit. */
export const comparedFigures = [
  { key: 'elbo', title: 'ELBO', unit: 'nats/example' },
  { key: 'logLikelihood', title: 'log-likelihood', unit: 'nats/example' },
  { key: 'rate', title: 'rate', unit: 'nats/example' },
  { key: 'distortion', title: 'distortion', unit: 'nats/example' },
  { key: 'accuracy', title: 'accuracy', unit: 'share of labels' },
  { key: 'activeUnits', title: 'active units', unit: 'dimensions' },
  { key: 'seconds', title: 'training', unit: 's' },
  { key: 'stepMs', title: 'step', unit: 'ms' },
] as const;

const ofBounds: ReadonlySet<string> = new Set(['elbo', 'rate', 'distortion', 'activeUnits']);

/** One row from the results of all seeds of a preset. */
export function comparisonRow(preset: string, seeds: readonly number[], results: readonly CellResult[]): ComparisonRow {
  const figures: Record<string, Spread> = {};
  // Of an exact log-likelihood there is no bound and nothing to take apart.
  const isExact = results.every(({ test }) => test.bound === 'exact');
  for (const { key } of comparedFigures) {
    if (isExact && ofBounds.has(key)) continue;
    const found = results.map((result) => ({
      ...result,
      ...result.test,
      ...(isObject(result.test.classification) && result.test.classification),
    })) as Record<string, unknown>[];
    const values = found.map((result) => result[key]).filter((value) => typeof value === 'number');
    if (values.length < results.length) continue;
    const { value: mean, standardError } = estimate(values);
    const ofExamples = found[0]![`${key}StandardError`];
    figures[key] = {
      mean,
      standardError: values.length > 1 ? standardError : typeof ofExamples === 'number' ? ofExamples : undefined,
    };
  }
  return { preset, seeds, figures, runs: results.map(({ run }) => String(run)), measure: measureOf(results[0]!) };
}

/** What a run's figures are of: densities, or probabilities of values or of bits made in some way. */
function measureOf({ binarization, test: { quantity, bound } }: CellResult): string {
  const what = bound === 'none' ? 'reconstruction' : quantity === 'density' ? 'density' : 'probability';
  return binarization === 'none' || binarization === undefined ? what : `${what} of bits (${binarization})`;
}

/** Rows as CSV, a column for each figure and its standard error. */
export function comparisonCsv(rows: readonly ComparisonRow[]): string {
  const head = ['preset', 'seeds', ...comparedFigures.flatMap(({ key }) => [key, `${key}StandardError`]), 'measure'];
  const lines = rows.map(({ preset, seeds, figures, measure }) => [
    preset,
    seeds.length,
    ...comparedFigures.flatMap(({ key }) => [figures[key]?.mean ?? '', figures[key]?.standardError ?? '']),
    measure,
  ]);
  return `${[head, ...lines].map((cells) => cells.join(',')).join('\n')}\n`;
}
