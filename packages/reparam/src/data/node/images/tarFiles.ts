import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { ReparamError } from '@reparam/tensor';
import { fileError } from '../files.ts';

/** A plain file in an archive. */
export interface TarFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const block = 512;
/** Names longer than the header has room for come as files of their own; longer ones than this are refused. */
const maxNameBytes = 4096;

/**
 * The plain files of a tar archive (ustar, GNU or pax names), gzipped or not, in the archive's order and at the memory of one
 * file. Files of which `wanted` says no are passed over; of `maxBytes` and more are refused. Data errors name the archive.
 */
export async function* tarFiles(
  path: string,
  wanted: (name: string) => boolean,
  maxBytes: number,
): AsyncGenerator<TarFile> {
  const damaged = (got: string, cause?: unknown) =>
    new ReparamError('data', 'archive is truncated or damaged', {
      got,
      expected: 'a tar archive, gzipped or not',
      fix: 'Copy or download it again',
      at: path,
      cause,
    });
  const source = reader(path, damaged);
  let longName: string | undefined;
  for (let member = 0; ; member++) {
    const header = await source.take(block);
    if (header === undefined && member > 0) return;
    if (header === undefined) throw damaged('no bytes');
    if (header.every((byte) => byte === 0)) return;
    const checksum = header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
    if (octal(header, 148, 8) !== checksum) throw damaged(`a header with another checksum at file ${member + 1}`);
    const size = octal(header, 124, 12);
    if (!Number.isSafeInteger(size)) throw damaged(`a file of ${size} bytes`);
    const padded = Math.ceil(size / block) * block;
    const type = String.fromCharCode(header[156]!);
    if (type === 'L' || type === 'x') {
      if (size > 16 * maxNameBytes) throw damaged(`a name of ${size} bytes`);
      const body = await source.need(padded);
      const value = type === 'L' ? text(body, 0, size) : paxPath(text(body, 0, size));
      longName = value ?? longName;
      continue;
    }
    const prefix = text(header, 257, 5) === 'ustar' && header[262] === 0 ? text(header, 345, 155) : '';
    const stored = longName ?? (prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`);
    const name = stored.replace(/^(\.\/)+/, '');
    longName = undefined;
    const isPlain = type === '0' || type === '\0';
    if (!isPlain || !wanted(name)) {
      // Links, devices and folders have no body, whatever size they say.
      await source.skip(/[1-6]/.test(type) ? 0 : padded);
      continue;
    }
    if (size > maxBytes) {
      throw new ReparamError('data', 'a file in the archive is too large', {
        got: `${size} bytes`,
        expected: `at most ${maxBytes}`,
        at: `${path}, ${name}`,
      });
    }
    const body = await source.need(padded);
    yield { name, bytes: body.subarray(0, size) };
  }
}

/** Text up to the first zero byte. */
function text(bytes: Uint8Array, from: number, length: number): string {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** A number in octal digits, or (GNU, first bit set) in bytes, the highest first. */
function octal(bytes: Uint8Array, from: number, length: number): number {
  if (bytes[from]! & 0x80) {
    return bytes.subarray(from + 1, from + length).reduce((value, byte) => value * 256 + byte, bytes[from]! & 0x7f);
  }
  return Number.parseInt(text(bytes, from, length).trim() || '0', 8);
}

/** The value of `path` among pax records `<length> <key>=<value>\n`. */
const paxPath = (records: string): string | undefined => /(?:^|\n)\d+ path=([^\n]*)\n/.exec(records)?.[1];

/** The unpacked bytes of a file, taken piece by piece. */
function reader(path: string, damaged: (got: string, cause?: unknown) => ReparamError) {
  const chunks = unpacked(path, damaged)[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  /** The next `length` bytes, fewer at the end. */
  const upTo = async (length: number): Promise<Uint8Array> => {
    if (held.length < length) {
      const parts = [held];
      let total = held.length;
      while (total < length) {
        const { value, done } = await chunks.next();
        if (done) break;
        parts.push(value);
        total += value.length;
      }
      held = new Uint8Array(Buffer.concat(parts, total));
    }
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };
  const need = async (length: number): Promise<Uint8Array> => {
    const bytes = await upTo(length);
    if (bytes.length < length) throw damaged('it ends within a file');
    return bytes;
  };
  return {
    need,
    async take(length: number): Promise<Uint8Array | undefined> {
      const bytes = await upTo(length);
      if (bytes.length > 0 && bytes.length < length) throw damaged('it ends within a header');
      return bytes.length === 0 ? undefined : bytes;
    },
    async skip(length: number): Promise<void> {
      for (let left = length; left > 0; left -= 2 ** 20) await need(Math.min(left, 2 ** 20));
    },
  };
}

async function* unpacked(path: string, damaged: (got: string, cause?: unknown) => ReparamError) {
  const file = createReadStream(path, { highWaterMark: 2 ** 18 });
  const isPacked = /\.t?gz$/i.test(path);
  const stream = isPacked ? createGunzip({ chunkSize: 2 ** 18 }) : file;
  if (isPacked) file.on('error', (error) => stream.destroy(error)).pipe(stream as ReturnType<typeof createGunzip>);
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) yield chunk;
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw code.startsWith('Z_') ? damaged((cause as Error).message, cause) : fileError('cannot read file', path, cause);
  } finally {
    file.destroy();
  }
}
