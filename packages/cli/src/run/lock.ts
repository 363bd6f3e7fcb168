import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { fileError } from 'reparam/io/node';

/** The file that says who trains into a run folder. */
export const lockFile = '.lock';

/** Who holds a run folder. `started` tells a process from a later one with the same number, where the system says. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly started: string | undefined;
}

/**
 * Takes `folder` for this process, so that no two train into it; the result gives it back. A lock left by a process that
 * no longer runs is taken over. Throws `file` when another process holds it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, lockFile);
  const own: Owner = { pid: process.pid, host: hostname(), started: await startOf(process.pid) };
  const text = JSON.stringify(own);
  while (!(await claim(folder, path, text))) {
    const found = await readFile(path, 'utf8').catch(() => undefined);
    if (found === undefined) continue;
    const owner = parseOwner(found);
    if (owner && (owner.host !== own.host || (await isRunning(owner)))) throw heldBy(owner, folder, path);
    await takeAway(path, found);
  }
  return () => rm(path, { force: true });
}

/** Creates the lock whole, or finds one there: a link, unlike a rename, never replaces a file. */
async function claim(folder: string, path: string, text: string): Promise<boolean> {
  const temporary = join(folder, `.${randomUUID()}.reparam-tmp`);
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await link(temporary, path);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError('lock the folder', folder, cause);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** Removes a stale lock, unless another process has meanwhile replaced it by its own. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomUUID()}.reparam-tmp`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await readFile(aside, 'utf8').catch(() => stale);
  if (moved !== stale) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Owner;
    return Number.isInteger(pid) && typeof host === 'string' ? { pid, host, started } : undefined;
  } catch {
    return undefined;
  }
}

async function isRunning({ pid, started }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return started === undefined || started === (await startOf(pid));
}

/** When a process started, in clock ticks since boot; undefined where there is no /proc. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // Field 22; the name in field 2 may hold spaces and brackets.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

const heldBy = ({ pid, host }: Owner, folder: string, path: string) =>
  new ReparamError('file', 'another process is training into this folder', {
    got: `process ${pid} on ${host}`,
    fix: `Wait for it or stop it; if it no longer runs, delete ${path}`,
    at: folder,
  });
