import { open } from 'node:fs/promises';
import { ReparamError } from '@reparam/tensor';
import { fileError } from './fileError.ts';

/** How much may be read. */
export interface ReadFileOptions {
  /** Refuse longer files; default 2 GiB. */
  readonly maxBytes?: number;
}

/** The bytes of a regular file; a `file` error when it is missing, unreadable, not a file, or longer than `maxBytes`. */
export async function readFileChecked(path: string, { maxBytes = 2 ** 31 }: ReadFileOptions = {}): Promise<Uint8Array> {
  const handle = await open(path, 'r').catch((cause) => {
    throw fileError('read the file', path, cause);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      const got = stat.isDirectory() ? 'a folder' : 'a device or pipe';
      throw new ReparamError('file', 'cannot read the file', { at: path, got, expected: 'a regular file' });
    }
    if (stat.size > maxBytes) {
      throw new ReparamError('file', 'the file is too large', {
        at: path,
        got: `${stat.size} bytes`,
        expected: `at most ${maxBytes}`,
      });
    }
    const buffer = await handle.readFile();
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  } catch (cause) {
    throw fileError('read the file', path, cause);
  } finally {
    await handle.close();
  }
}
