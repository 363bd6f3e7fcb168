import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createDataset } from '../../dataset.ts';
import { parseNpy } from '../../formats/npy.ts';
import type { AnyDataset } from '../../streamed.ts';
import { readBytes } from '../files.ts';
import { openStream } from '../stream/openStream.ts';
import type { ImageEntry, ImageSplit } from './entry.ts';
import { type ImageOptions, type PackedImages, packImages, readPacked } from './packImages.ts';

/** Pictures that may have to be decoded: what they are, without having read them. */
export interface ImageSource {
  /** Their path, for names and errors. */
  readonly name: string;
  /** Differs when any of them was changed. */
  readonly identity: string;
  /** Names of the classes in the order of their numbers; default: sorted. */
  readonly classNames?: readonly string[] | undefined;
  /** Them and their number, when they are needed. */
  list(): Promise<{ count: number; entries: AsyncIterable<ImageEntry> | Iterable<ImageEntry> }>;
}

/** How pictures are opened. */
export interface OpenImagesOptions extends ImageOptions {
  readonly scale?: number;
  readonly cacheDir: string;
  readonly shuffleBuffer?: number;
  /** Whether a set of this many bytes stays in its file. */
  readonly isStreamed: (bytes: number) => boolean;
  readonly onWork?: ((task: string, share: number) => void) | undefined;
}

/** Raise when what is kept in the cache changes its meaning. */
const packVersion = 1;

/**
 * Pictures as examples, by split. They are decoded once, into a folder of the cache named after them and the options; another
 * time they are read from there, unless the pixels are not those that were written.
 */
export async function openImages(
  source: ImageSource,
  options: OpenImagesOptions,
): Promise<Partial<Record<ImageSplit, AnyDataset>>> {
  const { crop = 'none', skipCorrupt = false, channels, cacheDir, onWork } = options;
  const { resize: to } = options;
  const size = typeof to === 'number' ? [to, to] : to;
  const key = JSON.stringify([packVersion, source.identity, size, crop, channels, skipCorrupt]);
  const folder = join(cacheDir, 'images', createHash('sha256').update(key).digest('hex').slice(0, 32));
  const pack = async () => {
    const { count, entries } = await source.list();
    const onImage = (done: number) => {
      if (done % 64 === 0 || done === count) onWork?.('decoding images', done / count);
    };
    const { name, classNames } = source;
    return packImages(entries, folder, { ...options, name, ...(classNames && { classNames }), onImage });
  };
  const found = (await readPacked(folder)) ?? (await pack());
  const sets = await readAll(folder, source.name, found, options);
  if (sets) return sets;
  await rm(folder, { recursive: true, force: true });
  return (await readAll(folder, source.name, await pack(), options))!;
}

/** Undefined when pixels are not those that were written. */
async function readAll(folder: string, name: string, packed: PackedImages, options: OpenImagesOptions) {
  const { scale = 1 / 255, cacheDir, shuffleBuffer, isStreamed, onWork } = options;
  const { shape, classNames, labels: allLabels } = packed;
  const sets: Partial<Record<ImageSplit, AnyDataset>> = {};
  for (const [split, list] of Object.entries(allLabels) as [ImageSplit, number[]][]) {
    const path = join(folder, `${split}.npy`);
    const known = {
      ...(classNames.length > 0 && { labels: Int32Array.from(list), classNames }),
      scale,
    };
    const facts = { name, source: resolve(name), notes: notesOf(packed) };
    if (isStreamed(list.length * shape.reduce((a, b) => a * b, 1))) {
      const onPass = onWork && ((share: number) => onWork('reading values', share));
      const stream = { ...known, cacheDir, ...(shuffleBuffer && { shuffleBuffer }), ...(onPass && { onPass }) };
      sets[split] = { ...(await openStream(name, [path], stream)), ...facts };
    } else {
      const data = parseNpy(await readBytes(path), path).data as Uint8Array;
      if (createHash('sha256').update(data).digest('hex') !== packed.sums[split]) return undefined;
      sets[split] = createDataset({ ...facts, ...known, data, shape });
    }
  }
  return sets;
}

function notesOf({ hasJpeg, skipped, skippedFirst }: PackedImages): string[] {
  const notes = [];
  if (hasJpeg) {
    notes.push(
      'Decoded from JPEG, which is lossy: bits per dimension do not compare with those on the original pixels.',
    );
  }
  if (skipped > 0) notes.push(`${skipped} images could not be read and were left out; the first: ${skippedFirst[0]}`);
  return notes;
}
