import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { fileError } from 'reparam/io/node';
import type { RunConfig } from '../config/schema.ts';

/** The files of a run, by what they are. */
export const runFiles = {
  config: 'config.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  checkpoint: 'checkpoint.safetensors',
  encoder: 'encoder.onnx',
  decoder: 'decoder.onnx',
  samples: 'samples.png',
  reconstructions: 'reconstructions.png',
  manifold: 'manifold.png',
  evaluation: 'evaluation.json',
  report: 'report.html',
} as const;

/** The folder of a run. */
export interface RunPlace {
  readonly folder: string;
  /** Whether it was made for this run. */
  readonly created: boolean;
}

/** The folder of a new run: `out`, which must be empty or absent, or a fresh `runs/<data>-<preset>-<seed>`. */
export async function createRunFolder(out: string | undefined, config: RunConfig): Promise<RunPlace> {
  if (out !== undefined) {
    const created = await makeFolder(out, true);
    const files = await readdir(out).catch((cause) => {
      throw fileError('read the folder', out, cause);
    });
    if (files.length === 0) return { folder: out, created };
    throw new ReparamError('config', 'the folder for the run is not empty', {
      at: out,
      got: `${files.length} file${files.length > 1 ? 's' : ''}, ${files[0]} the first`,
      fix: 'Choose another --out, or go on with an unfinished run by `reparam resume`',
    });
  }
  const { data, preset, training } = config;
  const name = basename(data.name, extname(data.name)).replace(/[^\w.-]+/g, '-');
  const path = join('runs', `${name}-${preset}-${training.seed}`);
  await makeFolder(dirname(path), true);
  for (let n = 1; ; n++) {
    const folder = n === 1 ? path : `${path}-${n}`;
    // Made without `recursive`, so that of two processes only one gets it.
    if (await makeFolder(folder, false)) return { folder, created: true };
  }
}

/** Makes the folder, and with `parents` those above it; false when it was there. */
async function makeFolder(path: string, parents: boolean): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (!parents || (await stat(path)).isDirectory())) return false;
    if (code !== 'ENOENT' || !parents || dirname(path) === path) throw fileError('make the folder', path, cause);
  }
  // Not by `recursive`: on some systems that never ends where a folder cannot be made.
  await makeFolder(dirname(path), true);
  return makeFolder(path, false);
}
