import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is removed after the tests of a file, and a function that writes files below it. */
export function temporaryFolder(): { root: string; write: (path: string, bytes: Uint8Array | string) => string } {
  const root = mkdtempSync(join(tmpdir(), 'reparam-data-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return {
    root,
    write(path, bytes) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), bytes);
      return join(root, path);
    },
  };
}

/** A tar archive of plain files; names above 100 bytes as GNU tar writes them. */
export function tarOf(files: Record<string, Uint8Array>): Uint8Array {
  const member = (name: string, type: string, bytes: Uint8Array) => {
    const out = Buffer.alloc(512 + Math.ceil(bytes.length / 512) * 512);
    out.write(name.slice(0, 100), 0, 'latin1');
    out.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
    out.write('        ', 148, 'latin1');
    out.write(type, 156, 'latin1');
    const sum = out.subarray(0, 512).reduce((a, b) => a + b, 0);
    out.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    out.set(bytes, 512);
    return out;
  };
  const parts = Object.entries(files).flatMap(([name, bytes]) =>
    name.length > 100
      ? [member('././@LongLink', 'L', Buffer.from(`${name}\0`)), member(name, '0', bytes)]
      : [member(name, name.endsWith('/') ? '5' : '0', bytes)],
  );
  return new Uint8Array(Buffer.concat([...parts, Buffer.alloc(1024)]));
}
