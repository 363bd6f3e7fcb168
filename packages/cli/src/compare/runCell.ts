import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ReparamError } from '@reparam/tensor';
import { isObject, type JsonObject } from '../config/tree.ts';
import { readEvaluation } from '../run/evaluation.ts';
import { runFiles } from '../run/folder.ts';
import { exists } from '../run/openRun.ts';

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
export type CellResult = JsonObject & { readonly test: JsonObject };

/** Where a cell lies: its name carries a digest of its settings, so that another comparison in the same folder shares only what is the same. */
export function cellFolder(out: string, { dataset, preset, seed, settings }: Cell): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([dataset, settings]))
    .digest('hex')
    .slice(0, 8);
  return join(out, `${preset}-${seed}-${digest}`);
}

const bin = fileURLToPath(new URL('../../bin/reparam.js', import.meta.url));

/** Trains a cell in a process of its own, goes on with it where an earlier comparison stopped, or reads what it left. */
export async function runCell(cell: Cell, { out, options, signal }: CellOptions): Promise<CellResult> {
  const folder = cellFolder(out, cell);
  const stored = (await exists(join(folder, runFiles.config))) ? await readEvaluation(folder) : undefined;
  if (stored) return { run: folder, ...stored };
  const { dataset, preset, seed, settings } = cell;
  const isBegun = await exists(join(folder, runFiles.checkpoint));
  const task = isBegun
    ? ['resume', folder]
    : ['train', dataset, '--preset', preset, '--seed', String(seed), '--out', folder, ...settings];
  const { code, stdout } = await reparam([...task, '--json', ...options], signal);
  const answer = parse(stdout);
  if (code === 0 && isObject(answer) && isObject(answer.test)) return answer as CellResult;
  if (signal.aborted || code === 130) {
    throw new ReparamError('interrupted', 'the comparison was interrupted', {
      got: `${preset}, seed ${seed}, not finished`,
      fix: 'Give the same command again: what is done is kept',
    });
  }
  const error = isObject(answer) && isObject(answer.error) ? answer.error : {};
  throw new ReparamError((error.code as ReparamError['code']) ?? 'runtime', `${preset}, seed ${seed}`, {
    got: String(error.message ?? `exit code ${code}`),
    at: folder,
  });
}

/** Runs the command; its talk goes where ours goes. */
function reparam(args: readonly string[], signal: AbortSignal): Promise<{ code: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    const stop = () => child.kill('SIGINT');
    signal.addEventListener('abort', stop, { once: true });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      resolve({ code, stdout });
    });
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
