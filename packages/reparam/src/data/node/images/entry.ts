import { extname } from 'node:path';
import { ReparamError } from '@reparam/tensor';

/** One picture of a set, not yet decoded. */
export interface ImageEntry {
  /** For errors: its path, or that of the archive and its name in it. */
  readonly at: string;
  readonly split: ImageSplit;
  /** Name of its class; '' for none. */
  readonly className: string;
  /** Its bytes; a `file` error says why they cannot be read. */
  bytes(): Promise<Uint8Array>;
}

/** `all` for sets that are not cut in two by their folders. */
export type ImageSplit = 'train' | 'test' | 'all';

const extensions = new Set(['.png', '.jpg', '.jpeg', '.webp']);

/** Most bytes of the file of one picture. */
export const maxImageBytes = 2 ** 28;

/** Whether a name is that of a picture that is read; hidden files are not. */
export const isImageName = (name: string): boolean =>
  extensions.has(extname(name).toLowerCase()) && !name.split('/').some((part) => part.startsWith('.'));

const splitNames: Record<string, 'train' | 'test' | 'validation'> = {
  ...{ train: 'train', training: 'train', test: 'test', testing: 'test' },
  ...{ val: 'validation', valid: 'validation', validation: 'validation' },
};

const splitOf = (folder: string | undefined) => splitNames[folder?.toLowerCase() ?? ''];

/**
 * Split and class that the folders of each path stand for, `[folder/][train|test/]class/…/picture`: a folder that holds
 * everything is passed over, and `val` is the test split where there is no other. `undefined` for a picture of a `val` folder
 * beside a test split: it is left out. A data error when pictures lie beside the folders of splits.
 */
export function placesOf(
  paths: readonly string[],
  at: string,
): ({ readonly split: ImageSplit; readonly className: string } | undefined)[] {
  const folders = paths.map((path) => path.split('/').slice(0, -1));
  for (;;) {
    const first = folders[0]?.[0];
    if (first === undefined || splitOf(first) !== undefined) break;
    if (!folders.every((parts) => parts[0] === first && parts.length > 1)) break;
    for (const parts of folders) parts.shift();
  }
  const splits = new Set(folders.map((parts) => splitOf(parts[0])));
  if (splits.size > 1 && splits.has(undefined)) {
    const stray = folders.findIndex((parts) => splitOf(parts[0]) === undefined);
    throw new ReparamError('data', 'images lie beside the folders of train and test', {
      got: paths[stray],
      fix: 'Move them into one of these folders, or away',
      at,
    });
  }
  return folders.map((parts) => {
    const found = splitOf(parts[0]);
    if (splits.size < 2)
      return { split: found === 'train' || found === 'test' ? found : 'all', className: parts[found ? 1 : 0] ?? '' };
    if (found === 'validation' && splits.has('test')) return undefined;
    return { split: found === 'train' ? 'train' : 'test', className: parts[1] ?? '' };
  });
}
