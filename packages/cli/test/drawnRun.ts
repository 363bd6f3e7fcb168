import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { foldIn, type HostTensor, key, mapTree, normalArray } from '@reparam/tensor';
import { buildModel, type HostParams } from 'reparam';
import { writeSafetensors } from 'reparam/io';
import { expect } from 'vitest';
import { parseConfig } from '../src/config/resolve.ts';
import { openRun, type Run } from '../src/run/openRun.ts';
import { named } from '../src/run/weights.ts';
import { inProcess as runInProcess } from './command.ts';

export interface DrawnRunOptions {
  readonly data: string;
  readonly shape: readonly number[];
  readonly preset?: string;
  readonly binarization?: string;
  /** Parts of the configuration's model that differ. */
  readonly model?: Readonly<Record<string, unknown>>;
  /** Deviation of what is added to the starting weights. */
  readonly spread?: number;
}

/** A run folder at `path` whose weights are drawn, not trained. */
export async function drawnRun(path: string, options: DrawnRunOptions): Promise<Run> {
  const { data, shape, preset = 'vae', binarization = 'dynamic', model, spread = 0.3 } = options;
  await mkdir(path);
  const config = parseConfig({
    preset,
    data: { name: data, shape, binarization },
    model: { latentDim: 3, hidden: [16], activation: 'tanh', likelihood: { kind: 'bernoulli' }, ...model },
    objective: { kind: 'elbo' },
    optimizer: { kind: 'adam', learningRate: 1e-3 },
    training: { epochs: 1, batchSize: 16, seed: 4 },
  });
  await writeFile(join(path, 'config.json'), JSON.stringify(config));
  const params = mapTree<HostParams, HostTensor, HostTensor>(
    buildModel(config.model, shape).init(key(1)),
    (leaf, at) => {
      const noise = normalArray(foldIn(key(2), at), leaf.data.length);
      return { ...leaf, data: Float32Array.from(leaf.data as Float32Array, (v, i) => v + spread * noise[i]!) };
    },
  );
  await writeFile(join(path, 'model.safetensors'), writeSafetensors(named(params as HostParams)));
  return openRun(path);
}

/** Runs the command in this process. */
export const inProcess = (...args: string[]) => runInProcess(args);

/** What the command prints with `--json`, when it does well. */
export async function jsonOf<T = Record<string, unknown>>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await inProcess(...args, '--json', '--quiet', '--threads', '1');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as T;
}

/** Expects one line on stderr with `says`, the same as an object on stdout, and the exit code. */
export async function expectRefusal(args: readonly string[], code: number, says: string | RegExp): Promise<void> {
  const result = await inProcess(...args, '--json', '--threads', '1');
  expect(result.stderr).toMatch(says);
  expect(result.code).toBe(code);
  expect(result.stderr.trim().split('\n')).toHaveLength(1);
  const { error } = JSON.parse(result.stdout) as { error: { message: string } };
  expect(result.stderr).toContain(error.message);
}
