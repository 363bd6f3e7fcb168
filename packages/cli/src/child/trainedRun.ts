import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject, type JsonObject } from '../config/tree.ts';
import { readEvaluation } from '../run/evaluation.ts';
import { runFiles } from '../run/folder.ts';
import { lockFolder } from '../run/lock.ts';
import { exists } from '../run/openRun.ts';
import { type ChildOptions, childError, runReparam } from './runReparam.ts';

/** What `reparam train --json` says of a finished run. */
export type RunResult = JsonObject & { readonly test: JsonObject };

/** A run to be made. */
export interface RunTask extends ChildOptions {
  readonly folder: string;
  /** Arguments of `reparam train`, without `--out`. */
  readonly train: readonly string[];
  /** Arguments that do not change the result: the runtime, how much is said. */
  readonly options: readonly string[];
  /** What it is, for an error: `vae, seed 0`. */
  readonly what: string;
}

/** Where the first stage of a run with two lies, which is trained before the run has a checkpoint. */
const lowerFolder = 'lower';

/** The first digits of the sha256 of `value` as JSON: what it is made of names a folder. */
export const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 8);

/** Trains a run in a process of its own, goes on with it where it was stopped, or reads what it left. */
export async function trainedRun({ folder, train, options, what, ...child }: RunTask): Promise<RunResult> {
  const stored = await finishedRun(folder);
  if (stored) return stored;
  const isBegun = (await exists(join(folder, runFiles.checkpoint))) || (await exists(join(folder, lowerFolder)));
  if (!isBegun) await clear(folder);
  const task = isBegun ? ['resume', folder] : ['train', ...train, '--out', folder];
  const result = await runReparam([...task, ...options], child);
  if (result.code === 0 && isObject(result.answer?.test)) return result.answer as RunResult;
  throw childError(result, what, child.signal, folder);
}

/** Takes away what a process left that was killed before its first checkpoint; throws `file` when one is at work there. */
async function clear(folder: string): Promise<void> {
  if (!(await exists(folder))) return;
  await lockFolder(folder);
  await rm(folder, { recursive: true, force: true });
}

/** What a finished run left; undefined for one that is not. */
export async function finishedRun(folder: string): Promise<RunResult | undefined> {
  const stored = (await exists(join(folder, runFiles.config))) ? await readEvaluation(folder) : undefined;
  return stored && { run: folder, ...stored };
}
