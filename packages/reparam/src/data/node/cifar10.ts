import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ReparamError } from '@reparam/tensor';
import { createDataset, type Dataset } from '../dataset.ts';
import { cifar10Classes, cifarShape, parseCifar10 } from '../formats/cifar.ts';
import { fetchChecked } from './download.ts';
import { kindOf, readBytes, writeWhole } from './files.ts';
import { cacheFolder, type LocateOptions } from './locate.ts';
import type { NamedOptions } from './named.ts';

/** CIFAR-10, as an archive of six batch files. */
export const cifar10 = {
  name: 'cifar10',
  title: 'small photographs of ten kinds of things',
  licence: 'none stated, A. Krizhevsky',
  train: 50_000,
  test: 10_000,
  shape: cifarShape,
  classNames: cifar10Classes,
  archive: 'cifar-10-binary.tar.gz',
  archiveBytes: 170_052_171,
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  folder: 'cifar-10-batches-bin',
  mirrors: ['https://www.cs.toronto.edu/~kriz/'],
} as const;

const batches = {
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ['test_batch.bin'],
};
const batchBytes = 10_000 * 3073;

/** One split of CIFAR-10: bytes [n, 32, 32, 3] at scale 1/255, with labels. */
export async function readCifar10(split: 'train' | 'test', options: NamedOptions): Promise<Dataset> {
  const { files, source } = await obtain(split, options);
  const parts = files.map(({ bytes, at }) => parseCifar10(bytes, at));
  const size = parts.reduce((total, { labels }) => total + labels.length, 0);
  const data = new Uint8Array(size * 3072);
  const labels = new Int32Array(size);
  let row = 0;
  for (const part of parts) {
    data.set(part.data, row * 3072);
    labels.set(part.labels, row);
    row += part.labels.length;
  }
  const { name, classNames } = cifar10;
  return createDataset({ name, split, data, shape: cifarShape, scale: 1 / 255, labels, classNames, source });
}

/** Where CIFAR-10 lies on this machine: its archive, or the folder of its batch files. */
export async function locateCifar10(options: LocateOptions): Promise<string | undefined> {
  const { dataDir, cacheDir = cacheFolder() } = options;
  const folders = [...(dataDir ? [dataDir, join(dataDir, cifar10.name)] : []), join(cacheDir, cifar10.name)];
  for (const folder of folders) {
    for (const below of [cifar10.folder, '']) {
      const kinds = await Promise.all(
        [...batches.train, ...batches.test].map((file) => kindOf(join(folder, below, file))),
      );
      if (kinds.every((kind) => kind === 'file')) return join(folder, below);
    }
    const archive = join(folder, cifar10.archive);
    if ((await kindOf(archive)) === 'file') return archive;
  }
  return undefined;
}

interface BatchFile {
  readonly bytes: Uint8Array;
  readonly at: string;
}

async function obtain(split: 'train' | 'test', options: NamedOptions): Promise<{ files: BatchFile[]; source: string }> {
  const found = await locateCifar10(options);
  if (found?.endsWith('.tar.gz')) return { files: unpack(await readChecked(found), found, split), source: found };
  if (found) {
    const read = async (file: string) => ({
      bytes: whole(await readBytes(join(found, file)), join(found, file)),
      at: join(found, file),
    });
    return { files: await Promise.all(batches[split].map(read)), source: found };
  }
  const { archive, archiveBytes, md5, mirrors, name } = cifar10;
  if (options.download === false) throw unavailable('not found here');
  const path = join(options.cacheDir ?? cacheFolder(), name, archive);
  const packed = await fetchChecked(
    { name: archive, bytes: archiveBytes, sum: { kind: 'md5', value: md5 } },
    mirrors.map((mirror) => `${mirror}${archive}`),
    options,
  ).catch((error: ReparamError) => {
    throw error.code === 'file' ? unavailable(error.got ?? '', error) : error;
  });
  await writeWhole(path, packed, 'Name a writable folder in REPARAM_CACHE');
  return { files: unpack(packed, path, split), source: path };
}

async function readChecked(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  const md5 = createHash('md5').update(bytes).digest('hex');
  if (md5 === cifar10.md5) return bytes;
  throw new ReparamError('checksum', 'this is another archive than that of CIFAR-10', {
    got: `md5 ${md5}`,
    expected: cifar10.md5,
    fix: 'Move or delete that file and try again; it was left as it is',
    at: path,
  });
}

function whole(bytes: Uint8Array, at: string): Uint8Array {
  if (bytes.length === batchBytes) return bytes;
  throw new ReparamError('checksum', 'this is another file than a batch of CIFAR-10', {
    got: `${bytes.length} bytes`,
    expected: `${batchBytes}`,
    fix: 'Move or delete that folder and try again; it was left as it is',
    at,
  });
}

/** The batch files of a split out of the archive, whose sum was checked: its plain headers are all there is to read. */
function unpack(packed: Uint8Array, at: string, split: 'train' | 'test'): BatchFile[] {
  const tar = gunzipSync(packed, { maxOutputLength: 2 ** 28 });
  const found = new Map<string, Uint8Array>();
  for (let from = 0; from + 512 <= tar.length && tar[from] !== 0; ) {
    const name = tar.toString('latin1', from, from + 100).replace(/\0.*/s, '');
    const size = Number.parseInt(tar.toString('latin1', from + 124, from + 135), 8);
    found.set(name.split('/').pop()!, new Uint8Array(tar.buffer, tar.byteOffset + from + 512, size));
    from += 512 + Math.ceil(size / 512) * 512;
  }
  return batches[split].map((file) => ({
    bytes: whole(found.get(file) ?? new Uint8Array(0), at),
    at: `${at}, ${file}`,
  }));
}

const unavailable = (got: string, cause?: unknown) =>
  new ReparamError('file', 'cifar10 is not on this machine and could not be downloaded', {
    got,
    expected: `${cifar10.archive} (md5 ${cifar10.md5}), or its folder ${cifar10.folder}`,
    fix: 'Go online, or name a folder that holds one of them with --data-dir',
    cause,
  });
