import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseCifar10 } from 'reparam';
import { listDatasets, openDataset } from 'reparam/data/node';
import { describe, expect, it } from 'vitest';
import { expectError, expectRejection } from '../helpers.ts';
import { tarOf, temporaryFolder } from './folders.ts';

const { root, write } = temporaryFolder();
const names = ['data_batch_1', 'data_batch_2', 'data_batch_3', 'data_batch_4', 'data_batch_5', 'test_batch'];
/** Whole batches: record r of batch b has label r mod 10, and red b, green r mod 256, blue 9. */
const batch = (number: number) => {
  const bytes = new Uint8Array(10_000 * 3073).fill(9);
  for (let record = 0; record < 10_000; record++) {
    bytes[record * 3073] = record % 10;
    bytes.fill(number, record * 3073 + 1, record * 3073 + 1025);
    bytes.fill(record % 256, record * 3073 + 1025, record * 3073 + 2049);
  }
  return bytes;
};

describe('cifar10', () => {
  it('turns planes into pixels', () => {
    const bytes = Uint8Array.from({ length: 2 * 3073 }, (_, i) => (i % 3073 === 0 ? 7 : i % 199));
    const { data, labels } = parseCifar10(bytes);
    expect([...labels]).toEqual([7, 7]);
    // Row 5, column 9 of the second image: its red, green and blue.
    const pixel = 5 * 32 + 9;
    const planes = [0, 1024, 2048].map((plane) => bytes[3073 + 1 + plane + pixel]);
    expect([...data.subarray(3072 + 3 * pixel, 3072 + 3 * pixel + 3)]).toEqual(planes);
    expectError(() => parseCifar10(bytes.subarray(1)), 'data', /records of 3073 bytes/);
  });

  it('is found in a folder of its batch files, all 60,000', async () => {
    for (const [i, name] of names.entries()) write(`sets/cifar-10-batches-bin/${name}.bin`, batch(i));
    const dataDir = join(root, 'sets');
    const train = await openDataset('cifar10', { dataDir });
    const test = await openDataset('cifar10', { dataDir, split: 'test' });
    expect([train.size, train.shape, train.classNames![9], test.size]).toEqual([50_000, [32, 32, 3], 'truck', 10_000]);
    expect([...train.data.subarray(29_999 * 3072, 29_999 * 3072 + 3)]).toEqual([2, 9999 % 256, 9]);
    expect([train.labels![29_999], test.data[0]]).toEqual([9, 5]);
    const found = (await listDatasets({ dataDir })).find(({ name }) => name === 'cifar10');
    expect(found).toMatchObject({ train: 50_000, test: 10_000, local: join(dataDir, 'cifar-10-batches-bin') });
  });

  it('refuses another archive and other files, and says where it looked when there is none', async () => {
    const dataDir = join(root, 'wrong');
    const archive = write(
      'wrong/cifar-10-binary.tar.gz',
      gzipSync(tarOf({ 'data_batch_1.bin': new Uint8Array(3073) })),
    );
    await expectRejection(openDataset('cifar10', { dataDir }), 'checksum', /another archive.*md5/);
    expect(archive).toMatch(/tar\.gz$/);
    for (const name of names) write(`short/${name}.bin`, new Uint8Array(3073));
    await expectRejection(openDataset('cifar10', { dataDir: join(root, 'short') }), 'checksum', /3073 bytes/);
    const nowhere = { cacheDir: join(root, 'nowhere'), download: false };
    await expectRejection(openDataset('cifar10', nowhere), 'file', /not on this machine.*--data-dir/);
  });

  it('is downloaded, and refused when it is another file', async () => {
    const fetched: string[] = [];
    const options = {
      cacheDir: join(root, 'fetched'),
      fetch: (async (url: string) => {
        fetched.push(url);
        return new Response(Uint8Array.of(1, 2, 3));
      }) as unknown as typeof fetch,
    };
    await expectRejection(
      openDataset('cifar10', options),
      'checksum',
      /cannot download cifar-10-binary.*md5 5289df737df57326fcdd22597afb1fac/,
    );
    expect(fetched).toEqual(['https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz']);
  });
});
