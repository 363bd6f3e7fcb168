import { join } from 'node:path';
import { digestOf, type RunResult, trainedRun } from '../child/trainedRun.ts';

/** One training of a comparison. */
export interface Cell {
  readonly dataset: string;
  readonly preset: string;
  readonly seed: number;
  /** Further arguments of `reparam train`. */
  readonly settings: readonly string[];
}

/** How a cell is run. */
export interface CellOptions {
  /** Folder of the comparison; each cell has a folder below it. */
  readonly out: string;
  /** Arguments that do not change the result: the runtime, how much is said. */
  readonly options: readonly string[];
  readonly signal: AbortSignal;
}

/** What `reparam train --json` says of a finished cell. */
export type CellResult = RunResult;

/** Where a cell lies: its name carries a digest of its settings, so that another comparison in the same folder shares only what is the same. */
export const cellFolder = (out: string, { dataset, preset, seed, settings }: Cell): string =>
  join(out, `${preset}-${seed}-${digestOf([dataset, settings])}`);

/** Trains a cell in a process of its own, goes on with it where an earlier comparison stopped, or reads what it left. */
export function runCell(cell: Cell, { out, options, signal }: CellOptions): Promise<CellResult> {
  const { dataset, preset, seed, settings } = cell;
  return trainedRun({
    folder: cellFolder(out, cell),
    train: [dataset, '--preset', preset, '--seed', String(seed), ...settings],
    options,
    signal,
    what: `${preset}, seed ${seed}`,
  });
}
