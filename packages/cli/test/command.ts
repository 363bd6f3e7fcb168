import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, vi } from 'vitest';
import { main } from '../src/main.ts';

const bin = fileURLToPath(new URL('../bin/reparam.js', import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** Called with the process, and with each piece of stderr. */
  readonly onStart?: (child: ChildProcess) => void;
  readonly onStderr?: (child: ChildProcess, soFar: string) => void;
  /** Largest file the process may write, in KiB: what a full disk does to it. */
  readonly fileLimit?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the built command as a user does, in a process of its own. */
export function reparam(
  args: readonly string[],
  { cwd, onStart, onStderr, fileLimit, env }: RunOptions,
): Promise<Result> {
  const command = [process.execPath, bin, ...args];
  // Node ignores the signal that comes with the limit; the write fails with EFBIG.
  const limited = ['bash', '-c', `trap '' XFSZ; ulimit -f ${fileLimit}; exec "$@"`, 'bash', ...command];
  const [file, ...rest] = fileLimit === undefined ? command : limited;
  return new Promise((resolve, reject) => {
    const child = spawn(file!, rest, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      onStderr?.(child, stderr);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    onStart?.(child);
  });
}

/** The same without a process of its own, which takes half a second to start; paths are relative to this process. */
export async function inProcess(args: readonly string[]): Promise<Omit<Result, 'signal'>> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((...given) => {
      written[name] += given[0];
      for (const each of given) if (typeof each === 'function') (each as () => void)();
      return true;
    }),
  );
  const signals = (['SIGINT', 'SIGTERM'] as const).map((name) => [name, process.listeners(name)] as const);
  const code = await main(args).finally(() => {
    for (const spy of spies) spy.mockRestore();
    // What a process would take with it when it ends.
    for (const [name, before] of signals) {
      for (const listener of process.listeners(name)) if (!before.includes(listener)) process.off(name, listener);
    }
  });
  return { code, ...written };
}

/** A folder for the tests of one file, removed after them. */
export function testFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeAll(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'reparam-cli-'));
  });
  afterAll(() => rm(folder.path, { recursive: true, force: true }));
  return folder;
}

/** Every file below `folder`, hidden ones too, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries.sort();
}
