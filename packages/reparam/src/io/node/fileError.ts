import { ReparamError } from '@reparam/tensor';

const fixes: Readonly<Record<string, string>> = {
  ENOENT: 'Check the path; the folder must exist',
  ENOTDIR: 'A part of the path is a file, not a folder; choose another folder',
  EISDIR: 'The path is a folder; give a file',
  EACCES: 'Change the permissions of the folder or choose another one',
  EPERM: 'Change the permissions of the folder or choose another one',
  EROFS: 'The disk is read-only; choose a folder on another one',
  ENOSPC: 'The disk is full; free some space or choose a folder on another one',
  EDQUOT: 'Your disk quota is used up; free some space or choose another folder',
  EFBIG: 'The file is larger than this system allows; choose another disk or raise the limit',
  ENAMETOOLONG: 'Choose a shorter name',
  EMFILE: 'Too many files are open; close some or raise the limit',
};

/** An operating-system error as a `file` error that says what was being done, where, and what to do next. */
export function fileError(doing: string, path: string, cause: unknown): ReparamError {
  if (cause instanceof ReparamError) return cause;
  const { code = 'unknown error', message } = cause as NodeJS.ErrnoException;
  return new ReparamError('file', `cannot ${doing}`, {
    at: path,
    got: `${code} (${message})`,
    fix: fixes[code],
    cause,
  });
}
