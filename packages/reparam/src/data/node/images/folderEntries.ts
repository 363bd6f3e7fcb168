import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { fileError, readBytes } from '../files.ts';
import { type ImageEntry, isImageName, maxImageBytes, placesOf } from './entry.ts';

/** Folders deeper than this are not looked into, so that a link to a folder above comes to an end. */
const maxDepth = 8;

/** The pictures below a folder, sorted by path, and a text that differs when any of them was changed. */
export async function folderEntries(folder: string): Promise<{ entries: ImageEntry[]; identity: string }> {
  const paths: string[] = [];
  await walk(folder, '', 0, paths);
  paths.sort();
  const states: string[] = [];
  // A few at a time: a set has many files.
  for (let from = 0; from < paths.length; from += 64) {
    states.push(...(await Promise.all(paths.slice(from, from + 64).map((path) => stateOf(join(folder, path))))));
  }
  const places = placesOf(paths, folder);
  const entries = paths.flatMap((path, i) => {
    const place = places[i];
    return place ? [{ ...place, at: join(folder, path), bytes: () => readImage(join(folder, path)) }] : [];
  });
  return { entries, identity: JSON.stringify([paths, states]) };
}

async function walk(folder: string, below: string, depth: number, found: string[]): Promise<void> {
  const here = join(folder, below);
  const entries = await readdir(here, { withFileTypes: true }).catch((cause) => {
    throw fileError('cannot read folder', here, cause);
  });
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    const target = entry.isSymbolicLink() ? await stat(join(folder, path)).catch(() => undefined) : entry;
    if (!target) continue;
    if (target.isDirectory() && depth < maxDepth) await walk(folder, path, depth + 1, found);
    else if (target.isFile() && isImageName(path)) found.push(path);
  }
}

async function stateOf(path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path).catch((cause) => {
    throw fileError('cannot read file', path, cause);
  });
  return `${size} ${mtimeMs}`;
}

async function readImage(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size <= maxImageBytes) return readBytes(path);
  throw new ReparamError('data', 'image file is too large', {
    got: `${size} bytes`,
    expected: `at most ${maxImageBytes}`,
    at: path,
  });
}
