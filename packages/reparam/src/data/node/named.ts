import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { createDataset, type Dataset } from '../dataset.ts';
import { labelsOf } from '../formats/fromArray.ts';
import { gunzip, isGzip } from '../formats/gzip.ts';
import { parseIdx } from '../formats/idx.ts';
import { type DownloadOptions, download, sha256 } from './download.ts';
import { readBytes, writeWhole } from './files.ts';
import { cacheFolder, findFile, type LocateOptions, placesOf } from './locate.ts';
import type { NamedSet, SetFile } from './registry.ts';

/** Where a named set may come from. */
export interface NamedOptions extends LocateOptions, DownloadOptions {
  /** Whether a set that is not on this machine may be fetched; default true. */
  readonly download?: boolean;
}

/** One split of a named set: bytes [N, 28, 28] at scale 1/255, with labels. */
export async function readNamed(set: NamedSet, split: 'train' | 'test', options: NamedOptions): Promise<Dataset> {
  const { files, name, classNames } = set;
  const images = await obtain(set, split === 'train' ? files.trainImages : files.testImages, options);
  const labels = await obtain(set, split === 'train' ? files.trainLabels : files.testLabels, options);
  const { shape, data } = parseIdx(images.bytes, images.path);
  return createDataset({
    name,
    split,
    data: data as Uint8Array,
    shape: shape.slice(1),
    scale: 1 / 255,
    labels: labelsOf(parseIdx(labels.bytes, labels.path), labels.path),
    classNames,
    source: images.path,
  });
}

/**
 * The unpacked bytes of one file: from this machine, else downloaded into the cache. Bytes with another sha256 are never
 * used: a checksum error names the file, which is left as it is.
 */
async function obtain(
  set: NamedSet,
  file: SetFile,
  options: NamedOptions,
): Promise<{ bytes: Uint8Array; path: string }> {
  const places = placesOf(set, options);
  const found = await findFile(places, file);
  if (found) {
    const raw = await readBytes(found.path);
    const bytes = isGzip(raw) ? gunzip(raw, found.path) : raw;
    const sum = sha256(bytes);
    if (sum === file.sha256) return { bytes, path: found.path };
    throw new ReparamError('checksum', `${found.place.title} holds another file than ${set.name} should`, {
      got: `sha256 ${sum}`,
      expected: file.sha256,
      fix: 'Move or delete that file and try again; it was left as it is',
      at: found.path,
    });
  }
  const looked = places.map(({ title, folder }) => `${title} ${folder}`).join('; ');
  if (options.download === false) throw unavailable(set, file, `not found in ${looked}`);
  const path = join(options.cacheDir ?? cacheFolder(), set.name, file.name);
  const bytes = await download(file, set.mirrors, options).catch((error: ReparamError) => {
    throw error.code === 'file' ? unavailable(set, file, `not found in ${looked}; ${error.got}`, error) : error;
  });
  await writeWhole(path, bytes, 'Name a writable folder in REPARAM_CACHE');
  return { bytes, path };
}

const unavailable = (set: NamedSet, file: SetFile, got: string, cause?: unknown) =>
  new ReparamError('file', `${set.name} is not on this machine and could not be downloaded`, {
    got,
    expected: file.name,
    fix: `Go online, name a folder that holds its four files with --data-dir, or use the bundled set "digits"`,
    cause,
  });
