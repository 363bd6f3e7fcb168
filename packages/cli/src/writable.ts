import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileError } from 'reparam/io/node';

/** Throws `file` where `path` cannot become a file or a folder: before hours are spent on what would be written there. */
export async function requireWritable(path: string): Promise<void> {
  const existing = await nearest(resolve(path));
  try {
    // A folder that is asked for what is below it must be one.
    if (existing !== resolve(path)) await access(`${existing}/.`, constants.W_OK);
    else await access(existing, constants.W_OK);
  } catch (cause) {
    throw fileError('write there', path, cause);
  }
}

/** `path`, or the nearest folder (or file) above it that exists. */
async function nearest(path: string): Promise<string> {
  const exists = await stat(path).then(
    () => true,
    () => false,
  );
  return exists || dirname(path) === path ? path : nearest(dirname(path));
}
