import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './folders.ts';

const { root } = temporaryFolder();
const [width, gigabytes] = [8192, 5];
const rows = Math.ceil((gigabytes * 1e9) / (4 * width));

/** An npy file whose rows are zeros nobody wrote, but every hundredth. */
function sparseFile(path: string): void {
  const dictionary = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${width}), }`;
  const header = Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
    Buffer.from(`${dictionary.padEnd(117)}\n`),
  ]);
  const file = openSync(path, 'w');
  writeSync(file, header);
  ftruncateSync(file, header.length + rows * width * 4);
  for (let row = 0; row < rows; row += 100) {
    const values = Float32Array.from({ length: width }, (_, i) => Math.sin(i + row));
    writeSync(file, new Uint8Array(values.buffer), 0, values.byteLength, header.length + row * width * 4);
  }
  closeSync(file);
}

describe('a file of 5 GB', () => {
  it('trains and evaluates below 1 GB of resident memory', () => {
    const path = join(root, 'large.npy');
    sparseFile(path);
    const script = fileURLToPath(new URL('largeFile.mjs', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [script, path, join(root, 'cache')], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({ isStreamed: true, size: rows });
    expect(found.range.max).toBeCloseTo(1, 5);
    expect(found.range.min).toBeCloseTo(-1, 5);
    expect(found.losses.length).toBe(20);
    expect(found.losses.every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(found.elbo)).toBe(true);
    expect(found.maxResidentBytes).toBeLessThan(1e9);
  }, 120_000);
});
