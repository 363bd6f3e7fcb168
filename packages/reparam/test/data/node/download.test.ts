import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileError, writeWhole } from '../../../src/data/node/files.ts';
import { download, mnist, type NamedSet, readNamed, type SetFile, sha256 } from '../../../src/data/node/index.ts';
import { expectRejection, idxBytes } from '../helpers.ts';

const root = mkdtempSync(join(tmpdir(), 'reparam-download-'));
const images = idxBytes(8, [2, 1, 2], Uint8Array.of(1, 2, 3, 255));
const labels = idxBytes(8, [2], Uint8Array.of(7, 0));
const file = (name: string, bytes: Uint8Array): SetFile => ({ name, bytes: bytes.length, sha256: sha256(bytes) });
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(request.url!);
  const body = request.url!.includes('labels') ? labels : images;
  if (request.url!.startsWith('/good/')) response.end(gzipSync(body));
  else if (request.url!.startsWith('/other/')) response.end(gzipSync(body.map((byte) => byte ^ 1)));
  else if (request.url!.startsWith('/damaged/')) response.end(gzipSync(body).subarray(0, 20));
  else if (request.url!.startsWith('/endless/')) response.write(Buffer.alloc(4 * 2 ** 20));
  else if (request.url!.startsWith('/silent/')) response.write('x');
  else response.writeHead(404).end();
});
let base = '';
let closed = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  closed = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  await new Promise((resolve) => other.close(resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(root, { recursive: true, force: true });
});
const mirrors = (...names: string[]): string[] =>
  names.map((name) => (name === 'closed' ? closed : `${base}/${name}/`));
const imageFile = file('images', images);

describe('download', () => {
  it('tries mirrors in turn until one has the right bytes, and tells how far it is', async () => {
    const seen: number[] = [];
    const onProgress = ({ received }: { received: number }) => seen.push(received);
    const list = mirrors('closed', 'missing', 'damaged', 'other', 'endless', 'good');
    expect(await download(imageFile, list, { onProgress })).toEqual(images);
    expect(seen.at(-1)).toBe(gzipSync(images).length);
  });

  it.each<[string[], string, RegExp]>([
    [['closed', 'missing'], 'file', /cannot download images.*ECONNREFUSED.*the server answered 404/],
    [['damaged'], 'file', /truncated or damaged|do not inflate/],
    [['endless'], 'file', /more than \d+ bytes/],
    [['missing', 'other'], 'checksum', /other\/images\.gz: sha256 [0-9a-f]{64}/],
  ])('gives one error for %j', (names, code, message) =>
    expectRejection(download(imageFile, mirrors(...names), {}), code, message));

  it('stops when asked to', () =>
    expectRejection(
      download(imageFile, mirrors('silent'), { signal: AbortSignal.timeout(50) }),
      'interrupted',
      /stopped/,
    ));
});

describe('a named set', () => {
  const set = (...names: string[]): NamedSet => ({
    ...mnist,
    name: 'tiny',
    folders: [],
    npmPackage: undefined,
    files: { ...mnist.files, testImages: imageFile, testLabels: file('labels', labels) },
    mirrors: mirrors(...names),
  });

  it('is downloaded into the cache once, and read from there afterwards', async () => {
    const cacheDir = join(root, 'cache');
    const first = await readNamed(set('good'), 'test', { cacheDir });
    expect(first).toMatchObject({ size: 2, shape: [1, 2], scale: 1 / 255, labels: Int32Array.of(7, 0), split: 'test' });
    expect(readdirSync(join(cacheDir, 'tiny')).sort()).toEqual(['images', 'labels']);
    const before = asked.length;
    expect((await readNamed(set('good'), 'test', { cacheDir })).data).toEqual(first.data);
    expect(asked.length).toBe(before);
  });

  it('leaves nothing behind when every mirror has other bytes', async () => {
    const cacheDir = join(root, 'untouched');
    await expectRejection(readNamed(set('other'), 'test', { cacheDir }), 'checksum', /cannot download images/);
    expect(existsSync(cacheDir)).toBe(false);
  });

  it('says everything it tried when offline', async () => {
    const opened = readNamed(set('closed'), 'test', { cacheDir: join(root, 'none'), dataDir: join(root, 'data') });
    await expectRejection(opened, 'file', /tiny is not on this machine.*data folder.*cache.*ECONNREFUSED.*digits/);
  });

  it('says that the cache cannot be written', async () => {
    writeFileSync(join(root, 'blocked'), 'a file, not a folder');
    const opened = readNamed(set('good'), 'test', { cacheDir: join(root, 'blocked') });
    await expectRejection(opened, 'file', /cannot write file.*blocked.*REPARAM_CACHE/);
  });
});

describe('writeWhole', () => {
  it('keeps the old file and no temporary one when writing fails', async () => {
    const folder = join(root, 'full');
    mkdirSync(join(folder, 'target'), { recursive: true });
    writeFileSync(join(folder, 'target', 'inside'), 'old');
    await expectRejection(writeWhole(join(folder, 'target'), Uint8Array.of(1)), 'file', /cannot write file/);
    expect([readdirSync(folder), readdirSync(join(folder, 'target'))]).toEqual([['target'], ['inside']]);
  });

  it.each([
    ['ENOSPC', /cannot write file \(a\/b\): got the disk is full/],
    ['EROFS', /read-only/],
    ['EIO', /got EIO, as it came/],
  ])('says %s in words', (code, message) => {
    const cause = Object.assign(new Error(`${code}, as it came`), { code });
    expect(fileError('cannot write file', 'a/b', cause).message).toMatch(message);
  });

  it.runIf(process.getuid?.() !== 0)('reports a folder without permission', async () => {
    const folder = join(root, 'locked');
    mkdirSync(folder);
    chmodSync(folder, 0o500);
    await expectRejection(writeWhole(join(folder, 'x'), Uint8Array.of(1)), 'file', /permission denied/);
  });
});
