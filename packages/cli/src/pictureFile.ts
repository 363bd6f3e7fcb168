import { extname, join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { writeFileAtomic } from 'reparam/io/node';
import { encodePng, type Image, type ImageSize } from 'reparam/plot';
import type { Output } from './app.ts';
import { displayRange, imageSizeOf } from './pictures.ts';
import { rasterize } from './rasterize.ts';
import type { Run } from './run/openRun.ts';

/** How a command draws examples of a run. */
export interface PictureStyle {
  readonly size: ImageSize;
  /** Values shown black and white. */
  readonly range: { readonly min: number; readonly max: number };
}

/** Most images in one picture. */
const maxImages = 10_000;

/** Style of a picture of `count` images of `run`; a `config` error when its examples are no images, or when they are too many. */
export async function pictureStyle(run: Run, count: number): Promise<PictureStyle> {
  const size = imageSizeOf(run.dataShape);
  if (!size) {
    throw new ReparamError('config', 'the examples of this run are not images', {
      got: `examples of shape [${run.dataShape.join(', ')}]`,
      expected: '[height, width], or [height, width, 3]',
      fix: 'Rows of a table that are images need `--set data.shape=[28,28]` (their size) in training; `reparam encode` works for any data',
    });
  }
  if (count > maxImages) {
    throw new ReparamError('config', 'too many images for one picture', {
      got: String(count),
      expected: `at most ${maxImages}`,
    });
  }
  const range = run.model.support === 'binary' ? { min: 0, max: 1 } : displayRange(await run.openData('train'));
  return { size, range };
}

/** Where a picture goes: `out`, which must end in .png, or `name` in the folder of the run. */
export function picturePath(run: Run, out: string | undefined, name: string): string {
  if (out !== undefined) requireExtension(out, '.png');
  return out ?? join(run.folder, name);
}

/** Where a chart goes: `out`, which must end in .png or .svg, or `name` in the folder of the run. */
export function chartPath(run: Run, out: string | undefined, name: string): string {
  if (out !== undefined) requireExtension(out, '.png', '.svg');
  return out ?? join(run.folder, name);
}

/** The ending of `path`; a `config` error when it is none of `allowed`, such as `.png`. */
export function requireExtension(path: string, ...allowed: readonly string[]): string {
  const extension = extname(path).toLowerCase();
  if (allowed.includes(extension)) return extension;
  throw new ReparamError('config', 'unknown kind of file', {
    at: path,
    got: extension ? `the ending ${extension}` : 'no ending',
    expected: allowed.join(' or '),
  });
}

/** Writes a picture as PNG; what to print about it: the file, its size in pixels, what it shows and `facts`. */
export async function writePicture(
  path: string,
  image: Image,
  shows: string,
  facts: Readonly<Record<string, unknown>>,
): Promise<Output> {
  await writeFileAtomic(path, encodePng(image));
  const { width, height } = image;
  return { json: { file: path, width, height, ...facts }, text: `${path}  ${shows} (${width} × ${height} pixels)` };
}

/** Writes a chart as SVG, or as PNG where the file's name says so; what to print about it. */
export async function writeChart(
  path: string,
  svg: string,
  shows: string,
  facts: Readonly<Record<string, unknown>>,
): Promise<Output> {
  await writeFileAtomic(path, extname(path).toLowerCase() === '.svg' ? svg : await rasterize(svg));
  return { json: { file: path, ...facts }, text: `${path}  ${shows}` };
}
