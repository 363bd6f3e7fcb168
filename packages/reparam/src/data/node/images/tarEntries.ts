import { stat } from 'node:fs/promises';
import { fileError } from '../files.ts';
import { type ImageEntry, isImageName, maxImageBytes, placesOf } from './entry.ts';
import { tarFiles } from './tarFiles.ts';

/** Whether a name is that of a tar archive, gzipped or not. */
export const isArchive = (path: string): boolean => /\.(tar|tar\.gz|tgz)$/i.test(path);

/**
 * The pictures in a tar archive, in its order. It is read twice: for the names, which say what the folders stand for, and for
 * the pictures, one at a time.
 */
export async function tarEntries(path: string) {
  const { size, mtimeMs } = await stat(path).catch((cause) => {
    throw fileError('cannot read file', path, cause);
  });
  return {
    identity: JSON.stringify([path, size, mtimeMs]),
    async list(): Promise<{ count: number; entries: AsyncIterable<ImageEntry> }> {
      const names: string[] = [];
      const note = (name: string) => {
        if (isImageName(name)) names.push(name);
        return false;
      };
      for await (const _ of tarFiles(path, note, maxImageBytes));
      const places = placesOf(names, path);
      return { count: names.length, entries: read(path, places) };
    },
  };
}

async function* read(path: string, places: ReturnType<typeof placesOf>): AsyncGenerator<ImageEntry> {
  let next = 0;
  for await (const { name, bytes } of tarFiles(path, isImageName, maxImageBytes)) {
    const place = places[next++];
    if (place) yield { ...place, at: `${path}, ${name}`, bytes: async () => bytes };
  }
}
