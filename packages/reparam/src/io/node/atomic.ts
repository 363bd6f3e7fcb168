import { randomUUID } from 'node:crypto';
import * as nodeFiles from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './fileError.ts';

/** The part of `node:fs/promises` that writing uses; a caller may pass another to simulate faults. */
export type WritableFiles = Pick<typeof nodeFiles, 'open' | 'rename' | 'rm'>;

const suffix = '.reparam-tmp';

/**
 * Replaces the file at `path` whole or not at all: a temporary file beside it, flushed to the disk, then renamed.
 * On a fault the temporary is removed, the old file stays, and a `file` error says what to do.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | string,
  files: WritableFiles = nodeFiles,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path).slice(0, 100)}.${randomUUID()}${suffix}`);
  try {
    const handle = await files.open(temporary, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await files.rename(temporary, path);
  } catch (cause) {
    await files.rm(temporary, { force: true }).catch(() => {});
    throw fileError('write the file', path, cause);
  }
  await syncFolder(folder);
}

/** Removes the temporaries that a killed process left in `folder`; call it when no other process writes there. */
export async function removeTemporaries(folder: string): Promise<void> {
  const names = await nodeFiles.readdir(folder).catch((cause) => {
    throw fileError('list the folder', folder, cause);
  });
  const left = names.filter((name) => name.startsWith('.') && name.endsWith(suffix));
  await Promise.all(left.map((name) => nodeFiles.rm(join(folder, name), { force: true })));
}

/** Makes the rename itself survive a power cut, where the system can flush a folder (Windows cannot). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await nodeFiles.open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
