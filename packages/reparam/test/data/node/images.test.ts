import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { isStreamed, take } from 'reparam';
import { openAnyDataset, openDataset } from 'reparam/data/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { crc32 } from '../../../src/data/formats/gzip.ts';
import { centerSquare, resize, withChannels } from '../../../src/data/images/pixels.ts';
import { expectRejection } from '../helpers.ts';
import { tarOf, temporaryFolder } from './folders.ts';

const { root, write } = temporaryFolder();
const cacheDir = join(root, 'cache');
const all = { cacheDir, split: 'all' } as const;

type Encoder = (image: { width: number; height: number; data: Uint8ClampedArray }) => Promise<ArrayBuffer>;
/** The part of WebAssembly used here. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<never> };
let jpeg: Encoder;
let webp: Encoder;

beforeAll(async () => {
  const wasm = (file: string) => WebAssembly.compile(readFileSync(createRequire(import.meta.url).resolve(file)));
  const [j, w] = await Promise.all([import('@jsquash/jpeg/encode.js'), import('@jsquash/webp/encode.js')]);
  await j.init(await wasm('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'));
  await w.init(await wasm('@jsquash/webp/codec/enc/webp_enc.wasm'));
  jpeg = (image) => j.default(image as never, { quality: 95 });
  webp = (image) => w.default(image as never, { lossless: 1 });
});

const grey = (width: number, height: number, value: (x: number, y: number) => number) =>
  Uint8Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)));
const greyPng = (data: Uint8Array, width: number) => encode({ width, height: data.length / width, data, channels: 1 });
const smooth = (width: number, height: number) => {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) data.set([8 * (i % width), 8 * Math.floor(i / width), 60, 255], 4 * i);
  return { width, height, data };
};
const rgbOf = ({ data }: { data: Uint8ClampedArray }) => Uint8Array.from(data.filter((_, i) => i % 4 !== 3));

describe('folders of images', () => {
  it('have a class a folder, in the order of their names, and pixels as they are', async () => {
    const pixels = (seed: number) => grey(3, 2, (x, y) => (seed * 50 + x * 10 + y) % 256);
    write('classes/b/2.png', greyPng(pixels(3), 3));
    write('classes/b/1.png', greyPng(pixels(2), 3));
    write('classes/a/z.PNG', greyPng(pixels(1), 3));
    write('classes/a/.hidden.png', 'no image');
    write('classes/readme.txt', 'no image');
    const set = await openDataset(join(root, 'classes'), all);
    expect([set.size, set.shape, set.dtype, set.scale, set.classNames]).toEqual([
      3,
      [2, 3],
      'uint8',
      1 / 255,
      ['a', 'b'],
    ]);
    expect([...set.labels!]).toEqual([0, 1, 1]);
    expect([...set.data]).toEqual([...pixels(1), ...pixels(2), ...pixels(3)]);
    expect(set.notes).toEqual([]);
  });

  it('keep their train and test folders; val stands for test where there is none', async () => {
    const image = greyPng(
      grey(2, 2, (x) => x),
      2,
    );
    for (const path of ['train/a/1', 'train/a/2', 'train/b/3', 'val/a/4']) write(`splits/${path}.png`, image);
    const at = join(root, 'splits');
    const sizes = await Promise.all(
      (['train', 'test', 'all'] as const).map(async (split) => (await openDataset(at, { cacheDir, split })).size),
    );
    expect(sizes).toEqual([3, 1, 4]);
    write('splits/stray.png', image);
    await expectRejection(openDataset(at, all), 'data', /beside the folders of train and test.*stray\.png/);
  });

  it('decode PNG of every kind, JPEG and WebP', async () => {
    const image = smooth(16, 8);
    const colour = rgbOf(image);
    const deep = Uint16Array.from(colour, (value) => value * 257);
    const alpha = Uint8Array.from(image.data, (value, i) => (i % 4 === 3 ? 7 : value));
    write('kinds/1.png', encode({ width: 16, height: 8, data: colour, channels: 3 }));
    write('kinds/2.png', encode({ width: 16, height: 8, data: deep, channels: 3, depth: 16 }));
    write('kinds/3.png', encode({ width: 16, height: 8, data: alpha, channels: 4 }));
    write('kinds/4.webp', new Uint8Array(await webp(image)));
    write('kinds/5.png', new Uint8Array(await jpeg(image)));
    const set = await openDataset(join(root, 'kinds'), all);
    expect([set.size, set.shape, set.labels]).toEqual([5, [8, 16, 3], undefined]);
    for (const row of [0, 1, 2, 3]) expect([...set.data.subarray(row * 384, (row + 1) * 384)]).toEqual([...colour]);
    const errors = colour.map((value, i) => Math.abs(value - set.data[4 * 384 + i]!));
    expect(Math.max(...errors)).toBeLessThan(16);
    expect(Math.max(...errors)).toBeGreaterThan(0);
    expect(set.notes![0]).toMatch(/JPEG, which is lossy/);
  });

  it('decode packed greys and palettes', async () => {
    // 10 pixels a row of 1 bit: 0b1010101010, and of a palette of two colours.
    const bits = Buffer.from([0, 0xaa, 0x80]);
    write('packed/1.png', png(10, 1, 1, 0, [['IDAT', deflateSync(bits)]]));
    const set = await openDataset(join(root, 'packed'), all);
    expect([...set.data]).toEqual([255, 0, 255, 0, 255, 0, 255, 0, 255, 0]);
    write(
      'palette/1.png',
      png(10, 1, 1, 3, [
        ['PLTE', Buffer.from([1, 2, 3, 200, 100, 50])],
        ['IDAT', deflateSync(bits)],
      ]),
    );
    const palette = await openDataset(join(root, 'palette'), all);
    expect([palette.shape, [...palette.data.subarray(0, 6)]]).toEqual([
      [1, 10, 3],
      [200, 100, 50, 1, 2, 3],
    ]);
  });

  it('are cropped, resampled and made grey as asked', async () => {
    write(
      'sizes/1.png',
      greyPng(
        grey(6, 4, (x, y) => 10 * x + y),
        6,
      ),
    );
    write(
      'sizes/2.png',
      greyPng(
        grey(4, 8, (x, y) => x + 10 * y),
        4,
      ),
    );
    const at = join(root, 'sizes');
    await expectRejection(openDataset(at, all), 'data', /different sizes.*2\.png.*8 × 4.*4 × 6.*resize/);
    const set = await openDataset(at, { ...all, crop: 'center', resize: 2, channels: 3 });
    expect(set.shape).toEqual([2, 2, 3]);
    // Means of 2 × 2 pixels: columns 1 to 4 of the first, rows 2 to 5 of the second.
    const means = [15.5, 35.5, 17.5, 37.5, 25.5, 27.5, 45.5, 47.5].map(Math.round);
    expect([...set.data]).toEqual(means.flatMap((value) => [value, value, value]));
  });
});

describe('pixels', () => {
  it('resize by area where they shrink and linearly where they grow', () => {
    const line = { width: 3, height: 1, channels: 1 as const, data: Uint8Array.of(0, 90, 180) };
    expect([...resize(line, 1, 2).data]).toEqual([30, 150]);
    expect([...resize(line, 1, 6).data]).toEqual([0, 23, 68, 113, 158, 180]);
    expect([...resize(line, 2, 3).data]).toEqual([0, 90, 180, 0, 90, 180]);
    const flat = { width: 7, height: 5, channels: 3 as const, data: new Uint8Array(105).fill(201) };
    for (const [height, width] of [
      [3, 4],
      [11, 2],
      [5, 20],
    ] as const) {
      expect(resize(flat, height, width).data.every((value) => value === 201)).toBe(true);
    }
  });

  it('become grey by luma, and are cut from the middle', () => {
    const colours = { width: 3, height: 1, channels: 3 as const, data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255) };
    expect([...withChannels(colours, 1).data]).toEqual([76, 150, 29]);
    expect([...centerSquare(colours).data]).toEqual([0, 255, 0]);
  });
});

describe('archives', () => {
  const image = (value: number) =>
    greyPng(
      grey(2, 2, () => value),
      2,
    );
  const archive = (names: readonly string[], from = 0) =>
    tarOf(Object.fromEntries(names.map((name, i) => [name, image(from + i)])));

  it('are read as the folders in them, whatever folder holds all', async () => {
    const long = `set/b/${'x'.repeat(120)}.png`;
    const path = write('one.tar.gz', gzipSync(archive(['set/b/1.png', 'set/a/2.png', long, 'set/notes.txt'])));
    const set = await openDataset(path, all);
    expect([set.size, set.classNames, [...set.labels!]]).toEqual([3, ['a', 'b'], [1, 0, 1]]);
    expect([set.data[0], set.data[4], set.data[8]]).toEqual([0, 1, 2]);
  });

  it('come in pairs', async () => {
    const path = write('pair-train.tar', archive(['train/a/1.png', 'train/b/2.png', 'train/b/3.png']));
    write('pair-test.tar', archive(['test/a/1.png', 'test/b/2.png'], 100));
    const [train, test] = [await openDataset(path, { cacheDir }), await openDataset(path, { cacheDir, split: 'test' })];
    expect([train.size, test.size, test.data[0]]).toEqual([3, 2, 100]);
    const other = write('other.tar', archive(['test/a/1.png', 'test/c/2.png']));
    await expectRejection(openDataset(path, { cacheDir, testFile: other }), 'data', /different classes.*a, c.*a, b/);
  });

  it('are decoded once, and again when the pixels kept are not those written', async () => {
    const path = write('kept.tar', archive(['1.png', '2.png']));
    const own = join(root, 'own-cache');
    let decoded = 0;
    const open = () => openDataset(path, { cacheDir: own, split: 'all', onWork: () => decoded++ });
    const first = await open();
    expect(decoded).toBe(1);
    expect((await open()).data).toEqual(first.data);
    expect(decoded).toBe(1);
    const [folder] = readdirSync(join(own, 'images'));
    const pixels = join(own, 'images', folder!, 'all.npy');
    const bytes = readFileSync(pixels);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(pixels, bytes);
    expect((await open()).data).toEqual(first.data);
    expect(decoded).toBe(2);
    const streamed = await openAnyDataset(path, { cacheDir: own, split: 'all', stream: true });
    expect([isStreamed(streamed), take(streamed, 2).data]).toEqual([true, first.data]);
    expect(readdirSync(join(own, 'images'))).toEqual([folder]);
  });

  it.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
    ['cut in a file', (bytes) => bytes.subarray(0, 700), /truncated or damaged.*within a file/],
    ['cut in a header', (bytes) => bytes.subarray(0, 1100), /truncated or damaged.*within a header/],
    ['another header', (bytes) => bytes.fill(1, 20, 30), /another checksum/],
    ['cut gzip', (bytes) => gzipSync(bytes).subarray(0, 100), /truncated or damaged/],
    ['nothing', () => Buffer.alloc(0), /no bytes/],
    ['no images', () => Buffer.from(tarOf({ 'a.txt': Uint8Array.of(1) })), /there are no images/],
  ])('refuses: %s', async (name, change, message) => {
    const bytes = change(Buffer.from(archive(['a/1.png', 'a/2.png'])));
    const path = write(`${name}.tar${bytes[0] === 0x1f ? '.gz' : ''}`, bytes);
    await expectRejection(openDataset(path, all), 'data', message);
  });
});

describe('damaged images', () => {
  const good = Buffer.from(
    greyPng(
      grey(4, 4, (x) => x),
      4,
    ),
  );
  const bomb = (width: number, height: number, megabytes: number) =>
    png(width, height, 8, 0, [['IDAT', deflateSync(Buffer.alloc(megabytes * 2 ** 20))]]);

  it.each<[string, () => Uint8Array, RegExp]>([
    ['no image', () => Buffer.from('hello, I am no image at all'), /not a PNG, JPEG or WebP image.*68 65/],
    ['empty', () => Buffer.alloc(0), /not a PNG, JPEG or WebP image/],
    ['cut header', () => good.subarray(0, 20), /image is truncated/],
    ['cut pixels', () => good.subarray(0, good.length - 20), /PNG image is damaged.*cut off/],
    [
      'flipped bit',
      () => Buffer.from(good.map((byte, i) => (i === good.length - 20 ? byte ^ 4 : byte))),
      /PNG image is damaged/,
    ],
    ['PNG of 4 gigapixels', () => bomb(65_535, 65_535, 0), /image is too large.*65535 × 65535/],
    ['PNG that unpacks to more', () => bomb(8, 8, 64), /PNG image is damaged/],
    [
      'JPEG of 4 gigapixels',
      () => Uint8Array.of(0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, 0xff, 0xff, 0xff, 0xff, 3, 0, 0, 0, 0, 0, 0, 0),
      /image is too large/,
    ],
    ['cut JPEG', () => Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 74), /image is truncated/],
  ])('are named: %s', async (name, make, message) => {
    const folder = name.replaceAll(' ', '-');
    write(`damaged/${folder}/1.png`, good);
    const bytes = make();
    write(`damaged/${folder}/2.png`, bytes);
    const at = join(root, 'damaged', folder);
    const before = process.memoryUsage().rss;
    await expectRejection(
      openDataset(at, all),
      'data',
      new RegExp(`${message.source}|2\\.png.*${message.source}`, 's'),
    );
    await expectRejection(openDataset(at, all), 'data', /2\.png/);
    const kept = await openDataset(at, { ...all, skipCorrupt: true });
    expect([kept.size, kept.notes!.length]).toEqual([1, 1]);
    expect(kept.notes![0]).toMatch(/^1 images could not be read.*2\.png/);
    expect(process.memoryUsage().rss - before).toBeLessThan(5e8);
  });

  it('a coloured one among grey ones', async () => {
    write('mixed/1.png', good);
    write('mixed/2.png', encode({ width: 4, height: 4, data: new Uint8Array(48), channels: 3 }));
    await expectRejection(openDataset(join(root, 'mixed'), all), 'data', /coloured image among grey.*2\.png.*channels/);
    expect((await openDataset(join(root, 'mixed'), { ...all, channels: 1 })).shape).toEqual([4, 4]);
  });
});

/** A PNG of these chunks between its header and its end. */
function png(
  width: number,
  height: number,
  depth: number,
  colour: number,
  chunks: readonly (readonly [string, Buffer])[],
) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, 0], 8);
  const parts = [Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])];
  for (const [name, body] of [['IHDR', header], ...chunks, ['IEND', Buffer.alloc(0)]] as const) {
    const typed = Buffer.concat([Buffer.from(name, 'latin1'), body]);
    const frame = Buffer.alloc(typed.length + 8);
    frame.writeUInt32BE(body.length, 0);
    frame.set(typed, 4);
    frame.writeUInt32BE(crc32(typed), typed.length + 4);
    parts.push(frame);
  }
  return Buffer.concat(parts);
}
