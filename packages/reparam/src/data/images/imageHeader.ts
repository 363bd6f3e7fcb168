import { ReparamError } from '@reparam/tensor';

/** What the header of a picture says. */
export interface ImageHeader {
  readonly format: 'png' | 'jpeg' | 'webp';
  readonly width: number;
  readonly height: number;
  /** Whether its pixels have a colour; grey ones have one value, or one and transparency. */
  readonly isColour: boolean;
}

/** Reads the header of a PNG, JPEG or WebP picture, whatever its file is called. A data error when it is none, or cut off. */
export function imageHeader(bytes: Uint8Array, at = 'image'): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const header = png(bytes, view) ?? jpeg(bytes, view) ?? webp(bytes, view);
    if (header && header.width > 0 && header.height > 0) return header;
  } catch (cause) {
    // A read behind the end: the file was cut off within its header.
    throw new ReparamError('data', 'image is truncated', { got: `${bytes.length} bytes`, at, cause });
  }
  throw new ReparamError('data', 'not a PNG, JPEG or WebP image', {
    got: `first bytes ${[...bytes.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`,
    at,
  });
}

const startsWith = (bytes: Uint8Array, wanted: readonly number[], from = 0) =>
  wanted.every((byte, i) => bytes[from + i] === byte);
const letters = (text: string) => [...text].map((letter) => letter.charCodeAt(0));

/** Signature, then the chunk IHDR: length, name, width, height, depth, colour type (bit 1: colour). */
function png(bytes: Uint8Array, view: DataView): ImageHeader | undefined {
  if (!startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return undefined;
  if (!startsWith(bytes, letters('IHDR'), 12) && bytes.length > 16) return undefined;
  return {
    format: 'png',
    width: view.getUint32(16),
    height: view.getUint32(20),
    isColour: (view.getUint8(25) & 2) > 0,
  };
}

/** Segments FF, marker, length, until a frame header (C0 to CF but C4, C8, CC): precision, height, width, components. */
function jpeg(bytes: Uint8Array, view: DataView): ImageHeader | undefined {
  if (!startsWith(bytes, [0xff, 0xd8, 0xff])) return undefined;
  for (let at = 2; ; ) {
    while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at++;
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)];
      return { format: 'jpeg', width, height, isColour: view.getUint8(at + 9) > 1 };
    }
    at += 2 + view.getUint16(at + 2);
  }
}

/** RIFF container with a first chunk VP8 (lossy), VP8L (lossless) or VP8X (extended: its canvas). */
function webp(bytes: Uint8Array, view: DataView): ImageHeader | undefined {
  if (!startsWith(bytes, letters('RIFF')) || !startsWith(bytes, letters('WEBP'), 8)) return undefined;
  const three = (at: number) => view.getUint16(at, true) + 65_536 * view.getUint8(at + 2);
  const of = (width: number, height: number): ImageHeader => ({ format: 'webp', width, height, isColour: true });
  if (startsWith(bytes, letters('VP8 '), 12)) {
    return of(view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
  }
  if (startsWith(bytes, letters('VP8L'), 12)) {
    const bits = view.getUint32(21, true);
    return of((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
  }
  return startsWith(bytes, letters('VP8X'), 12) ? of(three(24) + 1, three(27) + 1) : undefined;
}
