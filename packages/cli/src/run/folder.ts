import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { fileError } from 'reparam/io/node';
import type { RunConfig } from '../config/schema.ts';

/** The files of a run, by what they are. */
export const runFiles = {
  config: 'config.json',
  metrics: 'metrics.jsonl',
  model: 'model.safetensors',
  classifier: 'classifier.safetensors',
  checkpoint: 'checkpoint.safetensors',
  encoder: 'encoder.onnx',
  decoder: 'decoder.onnx',
  classifierOnnx: 'classifier.onnx',
  samples: 'samples.png',
  reconstructions: 'reconstructions.png',
  manifold: 'manifold.png',
  analogies: 'analogies.png',
  evaluation: 'evaluation.json',
  report: 'report.html',
} as const;

/** The folder of a run. */
export interface RunPlace {
  readonly folder: string;
  /** Folders that were made for this run, outermost first; empty when `folder` was there. */
  readonly made: readonly string[];
}

/** The folder of a new run: `out`, which must be empty or absent, or a fresh `runs/<data>-<preset>-<seed>`. */
export async function createRunFolder(
  out: string | undefined,
  config: Pick<RunConfig, 'preset'> & { data: { name: string }; training: { seed: number } },
): Promise<RunPlace> {
  if (out !== undefined) {
    const made = await makeFolders(out);
    const files = await readdir(out).catch((cause) => {
      throw fileError('read the folder', out, cause);
    });
    if (files.length === 0) return { folder: out, made };
    throw new ReparamError('config', 'the folder for the run is not empty', {
      at: out,
      got: `${files.length} file${files.length > 1 ? 's' : ''}, ${files[0]} the first`,
      fix: 'Choose another --out, or go on with an unfinished run by `reparam resume`',
    });
  }
  const { data, preset, training } = config;
  const name = basename(data.name, extname(data.name)).replace(/[^\w.-]+/g, '-');
  const path = join('runs', `${name}-${preset}-${training.seed}`);
  const made = await makeFolders(dirname(path));
  for (let n = 1; ; n++) {
    const folder = n === 1 ? path : `${path}-${n}`;
    // Of two processes that try, one makes the folder and the other sees that it is there.
    if (await makeFolder(folder)) return { folder, made: [...made, folder] };
  }
}

/** Takes away `files` of a run that never began, and the folders made for it unless something else is in them. */
export async function discardRun({ folder, made }: RunPlace, files: readonly string[]): Promise<void> {
  await Promise.all(files.map((file) => rm(join(folder, file), { force: true })));
  for (const each of made.toReversed()) await rmdir(each).catch(() => {});
}

/** Makes a folder and those above it; the paths of those that were not there, outermost first. */
export async function makeFolders(path: string): Promise<string[]> {
  // Not by `recursive`: on some systems that never ends where a folder cannot be made.
  if (await isFolder(path)) return [];
  const above = dirname(path) === path ? [] : await makeFolders(dirname(path));
  return (await makeFolder(path)) ? [...above, path] : above;
}

/** False when the folder was there. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST' && (await isFolder(path))) return false;
    throw fileError('make the folder', path, cause);
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
