import { execFileSync } from 'node:child_process';
import * as nodeFiles from 'node:fs/promises';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  appendLine,
  readFileChecked,
  readJsonl,
  removeTemporaries,
  truncateJsonl,
  type WritableFiles,
  writeFileAtomic,
} from '../../src/io/node/index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reparam-io-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
const osError = (code: string) => Object.assign(new Error(`${code}: simulated`), { code });

/** The real file system, except that `step` fails with `code`; a failing write leaves half of the bytes. */
function failing(step: 'open' | 'write' | 'sync' | 'close' | 'rename', code: string): WritableFiles {
  const fail = async () => {
    throw osError(code);
  };
  return {
    ...nodeFiles,
    open: async (path, flags) => {
      if (step === 'open') await fail();
      const handle = await nodeFiles.open(path, flags);
      if (step === 'write') {
        const write = handle.writeFile.bind(handle);
        handle.writeFile = async (content) => {
          const bytes = Buffer.from(content as string);
          await write(bytes.subarray(0, bytes.length / 2));
          await fail();
        };
      }
      if (step === 'sync') handle.sync = fail;
      if (step === 'close') {
        const close = handle.close.bind(handle);
        handle.close = () => close().then(fail);
      }
      return handle;
    },
    rename: step === 'rename' ? fail : nodeFiles.rename,
  };
}

describe('writeFileAtomic', () => {
  it('writes text and bytes, replaces what was there, and leaves no temporary', async () => {
    const path = join(folder, 'config.json');
    await writeFileAtomic(path, 'β');
    expect(await readFile(path, 'utf8')).toBe('β');
    await writeFileAtomic(path, Uint8Array.of(0, 255));
    expect([...(await readFile(path))]).toEqual([0, 255]);
    expect(await readdir(folder)).toEqual(['config.json']);
  });

  it.each([
    ['open', 'EACCES', /permissions/],
    ['open', 'EROFS', /read-only/],
    ['write', 'ENOSPC', /disk is full/],
    ['write', 'EDQUOT', /quota/],
    ['sync', 'EIO', /EIO/],
    ['close', 'ENOSPC', /disk is full/],
    ['rename', 'EPERM', /permissions/],
  ] as const)('a fault at %s (%s) keeps the old file and removes the temporary', async (step, code, message) => {
    const path = join(folder, 'model.safetensors');
    await writeFile(path, 'old');
    const write = writeFileAtomic(path, 'new content', failing(step, code));
    await expect(write).rejects.toThrow(message);
    await expect(write).rejects.toMatchObject({ name: 'ReparamError', code: 'file', at: path });
    expect(await readFile(path, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['model.safetensors']);
  });

  it('names a missing folder, a file used as a folder, and a folder used as a file', async () => {
    await writeFile(join(folder, 'file'), '');
    await mkdir(join(folder, 'sub'));
    await expect(writeFileAtomic(join(folder, 'none', 'x'), '')).rejects.toThrow(/ENOENT.*folder must exist/);
    await expect(writeFileAtomic(join(folder, 'file', 'x'), '')).rejects.toThrow(/ENOTDIR.*choose another folder/);
    await expect(writeFileAtomic(join(folder, 'sub'), '')).rejects.toMatchObject({ code: 'file' });
    expect((await readdir(folder)).sort()).toEqual(['file', 'sub']);
  });

  it.skipIf(isRoot)('names an unwritable folder', async () => {
    await chmod(folder, 0o500);
    await expect(writeFileAtomic(join(folder, 'x'), '')).rejects.toThrow(/EACCES.*permissions/);
    await chmod(folder, 0o700);
  });

  it.skipIf(!mountDisk('probe'))('a really full disk: old file kept, no temporary, append undone', async () => {
    mountDisk(folder);
    try {
      const path = join(folder, 'metrics.jsonl');
      await writeFileAtomic(path, '{"epoch":1}\n');
      await expect(writeFileAtomic(path, 'x'.repeat(100_000))).rejects.toThrow(/ENOSPC.*disk is full/);
      await expect(appendLine(path, 'x'.repeat(100_000))).rejects.toThrow(/ENOSPC.*disk is full/);
      expect(await readFile(path, 'utf8')).toBe('{"epoch":1}\n');
      expect(await readdir(folder)).toEqual(['metrics.jsonl']);
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  it('temporaries of a killed process are removed on request, other files stay', async () => {
    await writeFile(join(folder, '.model.safetensors.1234.reparam-tmp'), 'half');
    await writeFile(join(folder, '.keep'), '');
    await removeTemporaries(folder);
    expect(await readdir(folder)).toEqual(['.keep']);
    await expect(removeTemporaries(join(folder, 'none'))).rejects.toMatchObject({ code: 'file' });
  });
});

/** Mounts 64 KB of memory on `at` where this is allowed (`probe`: tries on a folder of its own and unmounts). */
function mountDisk(at: string): boolean {
  if (process.platform !== 'linux' || !isRoot) return false;
  try {
    if (at !== 'probe') execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', at], { stdio: 'ignore' });
    else execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('JSON lines', () => {
  const record = (epoch: number) => ({ epoch, elbo: -100.5 / epoch });

  it('reads what was appended', async () => {
    const path = join(folder, 'metrics.jsonl');
    for (const epoch of [1, 2, 3]) await appendLine(path, JSON.stringify(record(epoch)));
    expect(await readJsonl(path)).toEqual([record(1), record(2), record(3)]);
  });

  it('cut anywhere, every whole line is read and appending goes on after a truncation', async () => {
    const path = join(folder, 'metrics.jsonl');
    const lines = [1, 2].map((epoch) => JSON.stringify(record(epoch)));
    const text = `${lines.join('\n')}\n`;
    for (let cut = 0; cut <= text.length; cut++) {
      await writeFile(path, text.slice(0, cut));
      const whole = [record(1), record(2)].filter((_, i) => cut >= lines.slice(0, i + 1).join('\n').length);
      expect(await readJsonl(path), `cut at ${cut}`).toEqual(whole);
    }
    await writeFile(path, text.slice(0, -5));
    expect(await truncateJsonl(path, () => true)).toEqual([record(1)]);
    await appendLine(path, lines[1]!);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('keeps only the epochs of the checkpoint', async () => {
    const path = join(folder, 'metrics.jsonl');
    for (const epoch of [1, 2, 3]) await appendLine(path, JSON.stringify(record(epoch)));
    await truncateJsonl(path, ({ epoch }) => (epoch as number) <= 1);
    expect(await readFile(path, 'utf8')).toBe(`${JSON.stringify(record(1))}\n`);
    await truncateJsonl(path, () => false);
    expect(await readJsonl(path)).toEqual([]);
  });

  it('names a damaged line, a full device, a line break', async () => {
    const path = join(folder, 'metrics.jsonl');
    await writeFile(path, '{"epoch":1}\nnot json\n{"epoch":3}\n');
    await expect(readJsonl(path)).rejects.toMatchObject({ code: 'data', at: `${path}, line 2` });
    await expect(appendLine(path, 'a\nb')).rejects.toMatchObject({ code: 'config' });
    await expect(appendLine(join(folder, 'none', 'x'), '{}')).rejects.toMatchObject({ code: 'file' });
  });

  it.skipIf(process.platform !== 'linux')('a device without space is named', async () => {
    await expect(appendLine('/dev/full', '{}')).rejects.toThrow(/ENOSPC.*disk is full/);
  });
});

describe('readFileChecked', () => {
  it('reads up to the limit and no more', async () => {
    const path = join(folder, 'x');
    await writeFile(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFileChecked(path, { maxBytes: 3 }))]).toEqual([1, 2, 3]);
    await expect(readFileChecked(path, { maxBytes: 2 })).rejects.toThrow(/too large.*got 3 bytes, expected at most 2/);
  });

  it.each([
    ['a missing file', () => join(folder, 'none'), /ENOENT/],
    ['a folder', () => folder, /a folder, expected a regular file/],
    ['a device', () => '/dev/zero', /a device or pipe/],
  ])('refuses %s', async (_, path, message) => {
    await expect(readFileChecked(path())).rejects.toThrow(message);
    await expect(readFileChecked(path())).rejects.toMatchObject({ code: 'file' });
  });
});
