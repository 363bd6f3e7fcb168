import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { childError, runReparam } from '../child/runReparam.ts';
import { finishedRun, trainedRun } from '../child/trainedRun.ts';
import { makeFolders } from '../run/folder.ts';
import type { BarState } from '../terminal/bar.ts';
import { type CellResult, readResult, writeJob } from './cell.ts';
import type { CellTask, ModelTask, TableSettings } from './plan.ts';
import type { SplitFiles } from './splitFiles.ts';
import type { CellOutcome } from './table.ts';

/** How a table is filled. */
export interface RunTableOptions {
  /** Folder of the table: `models` and `cells` lie below it. */
  readonly out: string;
  readonly settings: TableSettings;
  readonly cells: readonly CellTask[];
  /** Arguments that do not change the result. */
  readonly options: readonly string[];
  readonly signal: AbortSignal;
  /** The files of a draw; written when a cell first needs them. */
  files(draw: number): Promise<SplitFiles>;
  /** Something begins: what, how many cells are done, and about how many seconds are left, once that can be told. */
  onStart(what: string, done: number, secondsLeft: number | undefined): void;
  onProgress(bar: BarState): void;
  /** A cell is done or has failed. */
  onOutcome(outcomes: readonly CellOutcome[]): Promise<void>;
}

export const modelFolder = (out: string, { name }: ModelTask): string => join(out, 'models', name);

export const cellFolder = (out: string, { name }: CellTask): string => join(out, 'cells', name);

/** Reads what is done of `cells`. */
export const storedOutcomes = (out: string, cells: readonly CellTask[]): Promise<CellOutcome[]> =>
  Promise.all(
    cells.map(async (task) => {
      const result = await readResult(cellFolder(out, task));
      return result ? { task, result } : { task };
    }),
  );

/** Seconds of the cells that are not done, and of the models that they need and that are not trained. */
export async function secondsLeft(out: string, outcomes: readonly CellOutcome[]): Promise<number> {
  const open = outcomes.filter(({ result, error }) => !result && error === undefined).map(({ task }) => task);
  const needed = open.flatMap(({ model }) => (model ? [model, ...(model.below ? [model.below] : [])] : []));
  const models = new Map(needed.map((model) => [model.name, model]));
  let seconds = open.reduce((sum, cell) => sum + cell.seconds, 0);
  for (const model of models.values()) if (!(await finishedRun(modelFolder(out, model)))) seconds += model.seconds;
  return seconds;
}

/**
 * Fills the table: every cell that is not done, its model first. A cell that fails has its error as its outcome, and so
 * have the others of the same model; only an interruption ends the work.
 */
export async function runTable(options: RunTableOptions): Promise<CellOutcome[]> {
  const { out, cells, signal, onOutcome } = options;
  const outcomes = await storedOutcomes(out, cells);
  const failed = new Map<string, string>();
  const started = performance.now();
  const expected = await secondsLeft(out, outcomes);
  const start = async (what: string) => {
    const left = await secondsLeft(out, outcomes);
    // The estimates are in proportion: what was done says how fast this machine is.
    const pace = (performance.now() - started) / 1000 / (expected - left);
    const done = outcomes.filter(({ result, error }) => result || error !== undefined).length;
    options.onStart(what, done, expected > left ? left * pace : undefined);
  };
  for (const [i, { task, result }] of outcomes.entries()) {
    if (result) continue;
    try {
      outcomes[i] = { task, result: await fill(task, options, failed, start) };
    } catch (error) {
      if (signal.aborted || (error instanceof ReparamError && error.code === 'interrupted')) throw error;
      outcomes[i] = { task, error: error instanceof Error ? error.message : String(error) };
    }
    await onOutcome(outcomes);
  }
  return outcomes;
}

async function fill(
  task: CellTask,
  table: RunTableOptions,
  failed: Map<string, string>,
  start: (what: string) => Promise<void>,
): Promise<CellResult> {
  const { out, settings, options, signal, files, onProgress } = table;
  const { method, draw, model, architecture } = task;
  const paths = await files(draw);
  const run = model && (await train(model, paths, table, failed, start));
  const folder = cellFolder(out, task);
  await start(`${method.name}, draw ${draw}`);
  await makeFolders(folder);
  const { features, classifier } = method;
  await writeJob(folder, {
    features,
    classifier,
    numClasses: settings.data.numClasses,
    seed: draw,
    ...(run && { run: run.folder }),
    networks: architecture.networks,
    files: paths,
    scale: settings.data.scale,
    modelSeconds: run?.seconds ?? 0,
  });
  const child = await runReparam(['experiment', 'cell', folder, ...options], { signal, onProgress });
  const result = child.code === 0 ? await readResult(folder) : undefined;
  if (result) return result;
  throw childError(child, `predictions of ${method.name}, draw ${draw}`, signal, folder);
}

/** The folder of a model that is trained, after the one below it, and what both took. One that failed is not tried again. */
async function train(
  model: ModelTask,
  paths: SplitFiles,
  table: RunTableOptions,
  failed: Map<string, string>,
  start: (what: string) => Promise<void>,
): Promise<{ readonly folder: string; readonly seconds: number }> {
  const { out, options, signal, onProgress } = table;
  const known = failed.get(model.name);
  if (known !== undefined) throw new ReparamError('runtime', known);
  const folder = modelFolder(out, model);
  try {
    const lower = model.below && (await train(model.below, paths, table, failed, start));
    let run = await finishedRun(folder);
    if (!run) {
      await start(`training ${model.what}`);
      const what = `training ${model.what}`;
      run = await trainedRun({ folder, train: model.train(paths, lower?.folder), options, signal, what, onProgress });
    }
    return { folder, seconds: Number(run.seconds) + (lower?.seconds ?? 0) };
  } catch (error) {
    if (error instanceof Error) failed.set(model.name, error.message);
    throw error;
  }
}
