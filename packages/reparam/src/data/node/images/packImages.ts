import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, mkdtemp, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { centerSquare, type Pixels, resize, withChannels } from '../../images/pixels.ts';
import { fileError } from '../files.ts';
import { imageDecoder } from './decodeImage.ts';
import type { ImageEntry, ImageSplit } from './entry.ts';

/** How pictures become examples of one size: cropped, then resampled, then made grey or coloured. */
export interface ImageOptions {
  /** Height and width, or the side of a square. Default: their own, which must then be the same. */
  readonly resize?: number | readonly number[];
  /** `center`: the largest square in the middle. Default `none`. */
  readonly crop?: 'none' | 'center';
  /** 1 grey, 3 colour. Default: as the first picture is. */
  readonly channels?: 1 | 3;
  /** Leaves out pictures that cannot be read, and counts them, instead of stopping at the first. */
  readonly skipCorrupt?: boolean;
}

/** What lies in a folder of the cache beside the pixels: `<split>.npy`, bytes [n, height, width(, 3)]. */
export interface PackedImages {
  readonly shape: readonly number[];
  readonly classNames: readonly string[];
  /** Class of every picture (−1: none), by split. */
  readonly labels: Partial<Record<ImageSplit, readonly number[]>>;
  /** Pictures left out: how many, and the first few of them with the reason. */
  readonly skipped: number;
  readonly skippedFirst: readonly string[];
  /** Whether any of them came from JPEG, which is lossy. */
  readonly hasJpeg: boolean;
  /** Hexadecimal sha256 of each file of pixels. */
  readonly sums: Partial<Record<ImageSplit, string>>;
}

interface PackOptions extends ImageOptions {
  readonly name: string;
  /** Names of the classes in the order of their numbers; default: sorted, as numbers where all are numbers. */
  readonly classNames?: readonly string[];
  readonly onImage?: (done: number) => void;
}

/** Bytes of the header of the npy files here. */
const headerBytes = 128;
const chunkBytes = 2 ** 22;

/**
 * Decodes pictures into `folder`, whole or not at all. Throws a data error naming the first that is damaged or of another
 * size than the one before it.
 */
export async function packImages(
  entries: AsyncIterable<ImageEntry> | Iterable<ImageEntry>,
  folder: string,
  options: PackOptions,
): Promise<PackedImages> {
  await mkdir(dirname(folder), { recursive: true }).catch(cannotWrite(folder));
  const temporary = await mkdtemp(`${folder}.`).catch(cannotWrite(folder));
  const writers = new Map<ImageSplit, Writer>();
  try {
    const info = await packInto(temporary, writers, entries, options);
    await writeFile(join(temporary, 'set.json'), JSON.stringify(info));
    await rename(temporary, folder).catch(async () => {
      // Another process was sooner, and may be reading: what it wrote is the same, unless it is not whole.
      if ((await readPacked(folder)) !== undefined) return;
      await rm(folder, { recursive: true, force: true });
      await rename(temporary, folder).catch(cannotWrite(folder));
    });
    return info;
  } finally {
    for (const writer of writers.values()) await writer.close();
    await rm(temporary, { recursive: true, force: true });
  }
}

const cannotWrite = (folder: string) => (cause: unknown) => {
  throw fileError('cannot write decoded images', folder, cause, 'Name a writable folder in REPARAM_CACHE');
};

async function packInto(
  folder: string,
  writers: Map<ImageSplit, Writer>,
  entries: AsyncIterable<ImageEntry> | Iterable<ImageEntry>,
  { name, onImage, ...options }: PackOptions,
): Promise<PackedImages> {
  const decode = imageDecoder();
  const skippedFirst: string[] = [];
  let skipped = 0;
  let hasJpeg = false;
  let first: (Pixels & { at: string }) | undefined;
  let done = 0;
  for await (const entry of entries) {
    let pixels: Pixels;
    try {
      const bytes = await entry.bytes();
      pixels = await decode(bytes, entry.at);
      hasJpeg ||= bytes[0] === 0xff;
    } catch (error) {
      if (!options.skipCorrupt || !(error instanceof ReparamError) || error.code !== 'data') throw error;
      skipped++;
      if (skippedFirst.length < 10) skippedFirst.push(error.message);
      continue;
    }
    const fitted = fit(pixels, first?.channels, options, entry.at);
    first ??= { ...fitted, at: entry.at };
    if (fitted.width !== first.width || fitted.height !== first.height) {
      throw new ReparamError('data', 'images are of different sizes', {
        got: `${fitted.height} × ${fitted.width}`,
        expected: `${first.height} × ${first.width}, as ${first.at}`,
        fix: 'Set data.resize, for example data.resize=32, and data.crop=center to keep proportions',
        at: entry.at,
      });
    }
    let writer = writers.get(entry.split);
    if (!writer) {
      writer = await Writer.open(join(folder, `${entry.split}.npy`));
      writers.set(entry.split, writer);
    }
    await writer.add(fitted.data, entry.className);
    onImage?.(++done);
  }
  if (!first) {
    throw new ReparamError('data', 'there are no images', {
      got: skipped > 0 ? `${skipped} that cannot be read, the first: ${skippedFirst[0]}` : 'no file with such a name',
      expected: 'files ending in .png, .jpg, .jpeg or .webp, in one folder a class or in one folder',
      at: name,
    });
  }
  const { height, width, channels } = first;
  const shape = channels === 1 ? [height, width] : [height, width, 3];
  const classes = new Set([...writers.values()].flatMap((writer) => [...new Set(writer.classes)]));
  classes.delete('');
  const isNumbered = [...classes].every((className) => /^\d{1,9}$/.test(className));
  const sorted = [...classes].sort(isNumbered ? (a, b) => Number(a) - Number(b) : undefined);
  const classNames = options.classNames ?? sorted;
  const index = new Map(classNames.map((className, i) => [className, i]));
  const labels: Partial<Record<ImageSplit, number[]>> = {};
  const sums: Partial<Record<ImageSplit, string>> = {};
  for (const [split, writer] of writers) {
    labels[split] = writer.classes.map((className) => index.get(className) ?? -1);
    sums[split] = await writer.finish(shape);
  }
  return { shape, classNames, labels, skipped, skippedFirst, hasJpeg, sums };
}

function fit(pixels: Pixels, channels: 1 | 3 | undefined, options: ImageOptions, at: string): Pixels {
  const wanted = options.channels ?? channels ?? pixels.channels;
  if (wanted === 1 && pixels.channels === 3 && options.channels === undefined) {
    throw new ReparamError('data', 'a coloured image among grey ones', {
      expected: 'images like the first, which is grey',
      fix: 'Set data.channels to 3 (colour) or 1 (grey)',
      at,
    });
  }
  const cropped = options.crop === 'center' ? centerSquare(pixels) : pixels;
  const { resize: to } = options;
  const [height, width] = typeof to === 'number' ? [to, to] : (to ?? [cropped.height, cropped.width]);
  return withChannels(resize(cropped, height!, width!), wanted);
}

/** An npy file of bytes that grows: its header, which holds the number of pictures, is written last. */
class Writer {
  readonly classes: string[] = [];
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #chunk = new Uint8Array(chunkBytes);
  #used = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(path: string): Promise<Writer> {
    const file = await open(path, 'wx');
    await file.write(new Uint8Array(headerBytes));
    return new Writer(file);
  }

  async add(data: Uint8Array, className: string): Promise<void> {
    if (this.#used + data.length > chunkBytes) await this.#flush();
    if (data.length > chunkBytes) await this.#write(data);
    else {
      this.#chunk.set(data, this.#used);
      this.#used += data.length;
    }
    this.classes.push(className);
  }

  async finish(shape: readonly number[]): Promise<string> {
    await this.#flush();
    const dictionary = `{'descr': '|u1', 'fortran_order': False, 'shape': (${[this.classes.length, ...shape].join(', ')}), }`;
    const header = Buffer.alloc(headerBytes, ' ');
    header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, headerBytes - 10, 0]);
    header.write(dictionary, 10, 'latin1');
    header[headerBytes - 1] = 10;
    await this.#file.write(header, 0, headerBytes, 0);
    await this.#file.sync();
    return this.#hash.digest('hex');
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #flush(): Promise<void> {
    await this.#write(this.#chunk.subarray(0, this.#used));
    this.#used = 0;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.writeFile(bytes);
  }
}

/** What `packImages` left in `folder`; undefined when there is nothing, or its files are not as long as they should be. */
export async function readPacked(folder: string): Promise<PackedImages | undefined> {
  try {
    const info = JSON.parse(await readFile(join(folder, 'set.json'), 'utf8')) as PackedImages;
    for (const [split, labels] of Object.entries(info.labels)) {
      const { size } = await stat(join(folder, `${split}.npy`));
      if (size !== headerBytes + labels.length * info.shape.reduce((a, b) => a * b, 1)) return undefined;
    }
    return info;
  } catch {
    return undefined;
  }
}
