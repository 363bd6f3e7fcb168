import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ReparamError } from '@reparam/tensor';
import { isObject, type JsonObject } from '../config/tree.ts';
import { type BarState, progressVariable } from '../terminal/bar.ts';

/** How another command is run by this one. */
export interface ChildOptions {
  /** Ends the command as Ctrl-C does: it keeps what it has done. */
  readonly signal: AbortSignal;
  /** Hears what the command's bar would show. The command is silent then; without it, what it says goes where ours goes. */
  readonly onProgress?: ((bar: BarState) => void) | undefined;
}

/** What a command left behind. */
export interface ChildResult {
  readonly code: number | null;
  /** The object it printed with `--json`. */
  readonly answer: JsonObject | undefined;
  /** The end of what it said, where it was not let through. */
  readonly said: string;
}

const bin = fileURLToPath(new URL('../../bin/reparam.js', import.meta.url));
const mostSaid = 2000;

/** Runs `reparam args --json` in a process of its own. */
export function runReparam(args: readonly string[], { signal, onProgress }: ChildOptions): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = onProgress
      ? spawn(process.execPath, [bin, ...args, '--json', '--quiet'], {
          stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
          env: { ...process.env, [progressVariable]: '1' },
        })
      : spawn(process.execPath, [bin, ...args, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const stop = () => child.kill('SIGINT');
    signal.addEventListener('abort', stop, { once: true });
    let [stdout, said] = ['', ''];
    child.stdout!.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      said = (said + chunk).slice(-mostSaid);
    });
    if (onProgress) child.on('message', (message) => onProgress(message as BarState));
    child.on('error', reject);
    child.on('close', (code) => {
      signal.removeEventListener('abort', stop);
      resolve({ code, answer: parse(stdout), said: said.trim() });
    });
  });
}

/** Why a command failed, as an error of `what`; `interrupted` where it was stopped. */
export function childError({ code, answer, said }: ChildResult, what: string, signal: AbortSignal, at: string): Error {
  if (signal.aborted || code === 130) {
    return new ReparamError('interrupted', 'interrupted', {
      got: `${what}, not finished`,
      fix: 'Give the same command again: what is done is kept',
    });
  }
  const error = isObject(answer?.error) ? answer.error : {};
  return new ReparamError((error.code as ReparamError['code']) ?? 'runtime', what, {
    got: String(error.message ?? `exit code ${code}${said && `: ${said}`}`),
    at,
  });
}

function parse(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
