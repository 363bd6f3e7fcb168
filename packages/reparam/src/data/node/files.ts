import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { unpackLimit } from '../formats/gzip.ts';

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EEXIST: 'a file is where a folder should be',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EMFILE: 'too many open files',
};

/** A `file` error that says what the operating system said, in words. */
export function fileError(what: string, path: string, cause: unknown, fix?: string): ReparamError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new ReparamError('file', what, { got: reasons[code] ?? (cause as Error).message, fix, at: path, cause });
}

/** Whether `path` is a file, a folder, or neither (or cannot be asked about). */
export async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? 'file' : found?.isDirectory() ? 'folder' : undefined;
}

/** The bytes of a file of at most 2 GiB; a `file` error says why it cannot be read, and `fix` what to do. */
export async function readBytes(path: string, fix?: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > unpackLimit) throw new Error(`${size} bytes, more than the ${unpackLimit} that are read`);
    const { buffer, byteOffset, length } = await readFile(path);
    return new Uint8Array(buffer, byteOffset, length);
  } catch (cause) {
    throw fileError('cannot read file', path, cause, fix);
  }
}

/** Writes a file whole or not at all: a temporary file in the same folder, flushed, then renamed over `path`. */
export async function writeWhole(path: string, bytes: Uint8Array, fix?: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`);
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError('cannot write file', path, cause, fix);
  }
}
