import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { inflateSync } from 'node:zlib';
import { ReparamError } from '@reparam/tensor';
import { convertIndexedToRgb, decode as decodeFastPng } from 'fast-png';
import { type ImageHeader, imageHeader } from '../../images/imageHeader.ts';
import type { Pixels } from '../../images/pixels.ts';

/** The part of WebAssembly used here: Node has it, its types do not. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<never> };

/** Most pixels of a picture: 2²⁶, a square of 8192. */
export const maxPixels = 2 ** 26;

/** Turns the bytes of a PNG, JPEG or WebP picture into pixels; transparency is left out. */
export type ImageDecoder = (bytes: Uint8Array, at: string) => Promise<Pixels>;

/**
 * A decoder whose parts are loaded when the first picture of their format comes. The size a header promises is checked before
 * memory is taken. Data errors name `at`.
 */
export function imageDecoder(): ImageDecoder {
  const codecs = new Map<string, Promise<Codec>>();
  return async (bytes, at) => {
    const header = imageHeader(bytes, at);
    const { format, width, height } = header;
    if (width * height > maxPixels) {
      throw new ReparamError('data', 'image is too large', {
        got: `${width} × ${height} pixels`,
        expected: `at most ${maxPixels} pixels`,
        fix: 'Make it smaller first',
        at,
      });
    }
    let codec = codecs.get(format);
    if (!codec) {
      codec = codecOf[format]();
      codecs.set(format, codec);
    }
    const decode = await codec;
    try {
      const pixels = await decode(bytes, header);
      if (pixels.width === width && pixels.height === height) return pixels;
      throw new Error(`${pixels.width} × ${pixels.height} pixels where ${width} × ${height} were promised`);
    } catch (cause) {
      throw new ReparamError('data', `${format.toUpperCase()} image is damaged`, {
        got: (cause as Error).message || 'what its decoder refuses',
        fix: 'Replace or remove it, or set data.skipCorrupt = true',
        at,
        cause,
      });
    }
  };
}

type Codec = (bytes: Uint8Array, header: ImageHeader) => Pixels | Promise<Pixels>;

const codecOf: Record<ImageHeader['format'], () => Promise<Codec>> = {
  png: async () => decodePng,
  jpeg: async () => {
    const { default: decode, init } = await import('@jsquash/jpeg/decode.js');
    await init(await wasm('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'));
    return async (bytes, header) => fromRgba(await decode(exact(bytes)), header.isColour);
  },
  webp: async () => {
    const { default: decode, init } = await import('@jsquash/webp/decode.js');
    await init(await wasm('@jsquash/webp/codec/dec/webp_dec.wasm'));
    return async (bytes, header) => fromRgba(await decode(exact(bytes)), header.isColour);
  },
};

const wasm = async (file: string) => WebAssembly.compile(await readFile(createRequire(import.meta.url).resolve(file)));

/** The bytes in an ArrayBuffer of their own. */
const exact = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

function fromRgba(
  { width, height, data }: { width: number; height: number; data: ArrayLike<number> },
  isColour: boolean,
): Pixels {
  const channels = isColour ? 3 : 1;
  const out = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < channels; c++) out[channels * i + c] = data[4 * i + c]!;
  }
  return { width, height, channels, data: out };
}

/** Any depth and palette as bytes: 16 bits lose their lower half, fewer than 8 are spread over 0 to 255. */
function decodePng(bytes: Uint8Array, header: ImageHeader): Pixels {
  const png = decodeFastPng(essentials(bytes, header), { checkCrc: true });
  const { width, height, depth } = png;
  const size = width * height;
  if (png.palette) {
    const colours = convertIndexedToRgb(png);
    return keep(colours, colours.length / size, { width, height, channels: 3 });
  }
  const values = depth < 8 ? unpackBits(png.data as Uint8Array, width, height, depth) : png.data;
  const bytesOf = depth === 16 ? Uint8Array.from(values, (value) => value >> 8) : (values as Uint8Array);
  return keep(bytesOf, png.channels, { width, height, channels: png.channels < 3 ? 1 : 3 });
}

/** Leaves out transparency: `stored` values a pixel become `channels`. */
function keep(data: Uint8Array, stored: number, { width, height, channels }: Omit<Pixels, 'data'>): Pixels {
  if (stored === channels) return { width, height, channels, data: new Uint8Array(data) };
  const out = new Uint8Array(width * height * channels);
  for (let i = 0; i < width * height; i++) out.set(data.subarray(i * stored, i * stored + channels), i * channels);
  return { width, height, channels, data: out };
}

/** Rows of packed grey values of 1, 2 or 4 bits, the highest bits first, each row from a new byte. */
function unpackBits(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const line = Math.ceil((width * depth) / 8);
  const most = 2 ** depth - 1;
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      const value = (packed[y * line + (bit >> 3)]! >> (8 - depth - (bit & 7))) & most;
      out[y * width + x] = (value * 255) / most;
    }
  }
  return out;
}

const kept = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'];

/**
 * A PNG without its notes and colour profile (packed as well, they could grow in memory), once its pixels are known not to
 * unpack to more than its size promises.
 */
function essentials(bytes: Uint8Array, { width, height }: ImageHeader): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const packed: Uint8Array[] = [];
  let isWhole = false;
  for (let at = 8; at + 12 <= bytes.length && !isWhole; ) {
    const length = view.getUint32(at);
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) break;
    if (kept.includes(name)) parts.push(bytes.subarray(at, at + 12 + length));
    if (name === 'IDAT') packed.push(bytes.subarray(at + 8, at + 8 + length));
    isWhole = name === 'IEND';
    at += 12 + length;
  }
  if (!isWhole) throw new Error(`it is cut off after ${bytes.length} bytes`);
  const [depth, colourType] = [bytes[24]!, bytes[25]!];
  const values = colourType === 2 ? 3 : colourType === 4 ? 2 : colourType === 6 ? 4 : 1;
  // A filter byte a row; interlacing reads the rows of seven smaller images.
  const most =
    height * (Math.ceil((width * values * depth) / 8) + 1) + (bytes[28] === 0 ? 0 : 2 * (width + height) * 8);
  inflateSync(Buffer.concat(packed), { maxOutputLength: most + 1 });
  return new Uint8Array(Buffer.concat(parts));
}
