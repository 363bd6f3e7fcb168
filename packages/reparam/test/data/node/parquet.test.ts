import { join } from 'node:path';
import { encode } from 'fast-png';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { openDataset } from 'reparam/data/node';
import { describe, expect, it } from 'vitest';
import { expectRejection } from '../helpers.ts';
import { temporaryFolder } from './folders.ts';

const { root, write } = temporaryFolder();
const all = { cacheDir: join(root, 'cache'), split: 'all' } as const;
type Column = Parameters<typeof parquetWriteBuffer>[0]['columnData'][number];
const parquet = (path: string, columnData: Column[], more = {}) =>
  write(path, new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2, ...more })));
const image = (value: number) => encode({ width: 2, height: 1, data: Uint8Array.of(value, value + 1), channels: 1 });

describe('parquet', () => {
  it('numbers are features, a column of class numbers or words the labels', async () => {
    const path = parquet('table.parquet', [
      { name: 'a', data: [1.5, 2, 3], type: 'DOUBLE' },
      { name: 'text', data: ['x', 'y', 'z'], type: 'STRING' },
      { name: 'b', data: [4, 5, -6], type: 'INT32' },
      { name: 'label', data: ['dog', 'cat', 'dog'], type: 'STRING' },
      { name: 'c', data: [7n, 8n, 9n], type: 'INT64' },
    ]);
    const set = await openDataset(path, all);
    expect([set.size, set.shape, set.dtype]).toEqual([3, [3], 'float32']);
    expect([...set.data]).toEqual([1.5, 4, 7, 2, 5, 8, 3, -6, 9]);
    expect([set.classNames, [...set.labels!]]).toEqual([
      ['cat', 'dog'],
      [1, 0, 1],
    ]);
    const other = await openDataset(path, { ...all, labelColumn: 'b', shape: [2, 1] }).catch((error) => error);
    expect(other.message).toMatch(/label of row 2|class number/);
    expect([...(await openDataset(path, { ...all, labelColumn: false })).data].length).toBe(9);
  });

  it('images as Hugging Face writes them: a struct of bytes and path, classes named in the metadata, shards by split', async () => {
    const info = JSON.stringify({ info: { features: { label: { names: ['zebra', 'ape'], _type: 'ClassLabel' } } } });
    const shard = (path: string, values: readonly number[]) =>
      parquet(
        path,
        [
          { name: 'image', data: values.map((value) => ({ bytes: image(value), path: `${value}.png` })) },
          { name: 'label', data: values.map((value) => value % 2) },
        ] as Column[],
        {
          schema: [
            { name: 'root', num_children: 2 },
            { name: 'image', num_children: 2, repetition_type: 'OPTIONAL' },
            { name: 'bytes', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
            { name: 'path', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
            { name: 'label', type: 'INT32', repetition_type: 'REQUIRED' },
          ],
          kvMetadata: [{ key: 'huggingface', value: info }],
        },
      );
    shard('set/train-00000-of-00002.parquet', [10, 21, 30]);
    shard('set/train-00001-of-00002.parquet', [41]);
    shard('set/test-00000-of-00001.parquet', [50]);
    const at = join(root, 'set');
    const train = await openDataset(at, { ...all, split: 'train' });
    expect([train.size, train.shape, train.classNames, [...train.labels!]]).toEqual([
      4,
      [1, 2],
      ['zebra', 'ape'],
      [0, 1, 0, 1],
    ]);
    expect([...train.data]).toEqual([10, 11, 21, 22, 30, 31, 41, 42]);
    expect([...(await openDataset(at, { ...all, split: 'test' })).data]).toEqual([50, 51]);
  });

  it.each<[string, () => string, string, RegExp]>([
    [
      'no numbers',
      () => parquet('text.parquet', [{ name: 'a', data: ['x'], type: 'STRING' }]),
      'data',
      /no column of numbers or images.*a \(text\)/,
    ],
    [
      'missing values',
      () => parquet('null.parquet', [{ name: 'a', data: [1, null], type: 'DOUBLE' }]),
      'data',
      /row 1, column a is not a finite number.*null/,
    ],
    ['no parquet', () => write('no.parquet', 'PAR1 not at all PAR1'), 'data', /not a parquet file, or damaged/],
    ['empty', () => write('empty.parquet', ''), 'data', /not a parquet file, or damaged/],
    [
      'cut',
      () =>
        write(
          'cut.parquet',
          new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'a', data: [1, 2], type: 'DOUBLE' }] })).subarray(
            0,
            40,
          ),
        ),
      'data',
      /not a parquet file, or damaged/,
    ],
  ])('refuses: %s', async (_, make, code, message) => {
    await expectRejection(openDataset(make(), all), code, message);
  });
});
