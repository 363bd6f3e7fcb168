import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostTensor, interpreter, type ReparamError } from '@reparam/tensor';
import {
  batchBuffer,
  createDataset,
  elbo,
  fillBatches,
  fit,
  gaussianLikelihood,
  isStreamed,
  meanOf,
  mlp,
  type StreamedDataset,
  selectStreamed,
  streamOrder,
  subset,
  type TrainingState,
  take,
  vae,
  valueKind,
  withLabelCondition,
  writeNpy,
} from 'reparam';
import { openAnyDataset, openDataset } from 'reparam/data/node';
import { describe, expect, it } from 'vitest';
import { expectRejection, idxBytes } from '../helpers.ts';
import { temporaryFolder } from './folders.ts';

const { root, write } = temporaryFolder();
const cacheDir = join(root, 'cache');

/** Rows of 100 KB, so that a few hundred rows make many blocks. */
const width = 25_000;
const rows = 137;
const values = Float32Array.from({ length: rows * width }, (_, i) => Math.fround(((i * 7919) % 10_007) / 10_007));
const npy = write('rows.npy', writeNpy(hostTensor(values, [rows, width])));
const buffered = { cacheDir, stream: true, shuffleBuffer: 4 * 2 ** 20, test: 0 } as const;

const streamed = async (path: string, options = {}): Promise<StreamedDataset> => {
  const set = await openAnyDataset(path, { ...buffered, ...options });
  if (!isStreamed(set)) throw new Error('in memory');
  return set;
};

/** Millions of values, bit by bit. */
const expectSame = (a: Uint8Array | Float32Array, b: Uint8Array | Float32Array) => {
  const bytes = ({ buffer, byteOffset, byteLength }: typeof a) => Buffer.from(buffer, byteOffset, byteLength);
  expect([a.constructor.name, Buffer.compare(bytes(a), bytes(b))]).toEqual([b.constructor.name, 0]);
};

describe('a streamed set', () => {
  it.each([
    'none',
    'dynamic',
    'static',
    'threshold',
  ] as const)('gives the batches of one in memory: %s', async (binarization) => {
    const [file, memory] = [await streamed(npy), await openDataset(npy, { cacheDir, test: 0 })];
    expect(file.blocks.length - 1).toBe(Math.ceil(rows / 10));
    expect(file.bufferBlocks).toBe(4);
    const order = streamOrder(file, 5, 2);
    const buffers = [file, memory].map((set) => batchBuffer(set, { steps: 3, batchSize: 8, binarization }));
    for (let start = 0; start < rows; start += 24) {
      const fill = { binarization, seed: 3, draw: 2 };
      const filled = [file, memory].map((set, i) => fillBatches(buffers[i]!, set, order, start, fill));
      expect(filled[0]).toEqual(filled[1]);
      expectSame(buffers[0]!.data, buffers[1]!.data);
      expect(buffers[0]!.rows).toEqual(buffers[1]!.rows);
    }
  });

  it('knows of its values what one in memory does', async () => {
    const [file, memory] = [await streamed(npy), await openDataset(npy, { cacheDir, test: 0 })];
    expect([file.size, file.shape, file.dtype, file.scale]).toEqual([rows, [width], 'float32', 1]);
    expect(file.range).toEqual(memory.range);
    expect(meanOf(file)).toEqual(meanOf(memory));
    expect([valueKind(file), valueKind(memory)]).toEqual(['unit', 'unit']);
    expectSame(take(file, 3).data, take(memory, 3).data);
    expectSame(subset(file, [9, 130, 2]).data, subset(memory, [9, 130, 2]).data);
    expect('readRows' in take(file, 3)).toBe(false);
  });

  it('splits into the same examples as one in memory', async () => {
    const options = { test: 0.2, validation: 11 };
    for (const split of ['train', 'validation', 'test', 'all'] as const) {
      const file = await streamed(npy, { ...options, split });
      const memory = await openDataset(npy, { cacheDir, ...options, split });
      expect(file.size).toBe(memory.size);
      expectSame(take(file, file.size).data, memory.data);
      expect(file.rowIds && [...file.rowIds]).toEqual(memory.rowIds && [...memory.rowIds]);
      expect(file.blocks.at(-1)).toBe(file.size);
    }
  });

  it('cuts a part of it into blocks where the file has them', async () => {
    const file = await streamed(npy);
    expect([...selectStreamed(file, Int32Array.of(0, 9, 10, 35, 39, 40, 136)).blocks]).toEqual([0, 2, 3, 5, 6, 7]);
  });

  it('reads bytes, other numbers, other byte orders, CIFAR-10 and several files as one', async () => {
    const bytes = Uint8Array.from({ length: 60 }, (_, i) => (i * 37) % 256);
    write('t10k-images-idx3-ubyte', idxBytes(8, [10, 2, 3], bytes));
    write(
      't10k-labels-idx1-ubyte',
      idxBytes(
        8,
        [10],
        Uint8Array.from({ length: 10 }, (_, i) => i % 4),
      ),
    );
    const idx = await streamed(join(root, 't10k-images-idx3-ubyte'));
    expect([idx.shape, idx.dtype, idx.scale, [...idx.labels!]]).toEqual([
      [2, 3],
      'uint8',
      1 / 255,
      [0, 1, 2, 3, 0, 1, 2, 3, 0, 1],
    ]);
    expect(take(idx, 10).data).toEqual(bytes);
    expect([...withLabelCondition(idx).condition!.data.subarray(0, 8)]).toEqual([1, 0, 0, 0, 0, 1, 0, 0]);
    const big = write('big.idx', idxBytes(11, [2, 2], Uint8Array.of(1, 0, 0xff, 0xff, 0, 7, 0, 8)));
    expect([...take(await streamed(big), 2).data]).toEqual([256, -1, 7, 8]);
    write('shards/b.npy', writeNpy(hostTensor(Float64Array.of(5, 6), [1, 2])));
    write('shards/a.npy', writeNpy(hostTensor(Float64Array.of(1, 2, 3, 4), [2, 2])));
    const shards = await streamed(join(root, 'shards'));
    expect([...take(shards, 3).data]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...(await openDataset(join(root, 'shards'), { test: 0 })).data]).toEqual([1, 2, 3, 4, 5, 6]);
    const cifar = cifarBytes(3);
    write('cifar/data_batch_1.bin', cifar);
    write('cifar/data_batch_2.bin', cifar);
    write('cifar/test_batch.bin', cifar);
    const set = await streamed(join(root, 'cifar'));
    const memory = await openDataset(join(root, 'cifar'));
    expect([set.size, [...set.labels!], set.classNames?.[2]]).toEqual([6, [0, 1, 2, 0, 1, 2], 'bird']);
    expect(take(set, 6).data).toEqual(memory.data);
    expect(memory.labels).toEqual(set.labels);
    expect((await openDataset(join(root, 'cifar'), { split: 'test' })).size).toBe(3);
  });

  it('keeps what a pass over all values found, and looks again when the file changes', async () => {
    const path = write('kept.npy', writeNpy(hostTensor(Float32Array.of(0, 1, 1, 0), [2, 2])));
    let passes = 0;
    const open = () => streamed(path, { onWork: () => passes++ });
    const first = await open();
    expect([passes, valueKind(first), first.statistics.isWhole]).toEqual([1, 'binary', true]);
    expect((await open()).statistics).toEqual(first.statistics);
    expect(passes).toBe(1);
    writeFileSync(path, writeNpy(hostTensor(Float32Array.of(0, 1, 0.5, 0), [2, 2])));
    utimesSync(path, 1, 1);
    const second = await open();
    expect([passes, valueKind(second), second.statistics.isWhole]).toEqual([2, 'unit', false]);
    expect(second.statistics.digest).not.toBe(first.statistics.digest);
    expect(() => take(first, 1)).toThrow(/changed while it was in use/);
  });

  it('is chosen above the memory limit, and refused where the format does not allow it', async () => {
    expect(isStreamed(await openAnyDataset(npy, { cacheDir, memoryLimit: 1e6 }))).toBe(true);
    expect(isStreamed(await openAnyDataset(npy, { cacheDir, memoryLimit: 1e9 }))).toBe(false);
    const csv = write('a.csv', '1,2\n3,4\n');
    await expectRejection(openAnyDataset(csv, { stream: true }), 'config', /cannot be read as it is needed.*a\.csv/);
    expect(isStreamed(await openAnyDataset(csv, { memoryLimit: 1, test: 0 }))).toBe(false);
  });

  it.each<[string, () => string, RegExp]>([
    [
      'not finite',
      () => write('nan.npy', writeNpy(hostTensor(Float32Array.of(1, 2, 3, Number.NaN), [2, 2]))),
      /row 1, column 1.*NaN/s,
    ],
    [
      'cut off',
      () => write('cut.npy', writeNpy(hostTensor(Float32Array.of(1, 2, 3), [3, 1])).subarray(0, -2)),
      /not as long as its header says.*got 10 bytes.*expected 12/,
    ],
    ['Fortran order', () => write('f.npy', fortran()), /Fortran order/],
    [
      'shards of two shapes',
      () => {
        write('two/a.npy', writeNpy(hostTensor(new Float32Array(4), [2, 2])));
        write('two/b.npy', writeNpy(hostTensor(new Float32Array(3), [1, 3])));
        return join(root, 'two');
      },
      /different examples.*b\.npy.*\[3\].*\[2\]/,
    ],
    ['half a CIFAR record', () => write('half.bin', new Uint8Array(3000)), /not a batch of CIFAR-10/],
    ['CIFAR label', () => write('label.bin', new Uint8Array(3073).fill(11)), /label of record 0.*got 11/],
  ])('refuses: %s', async (_, make, message) => {
    const path = make();
    await expectRejection(openAnyDataset(path, buffered), 'data', message);
  });
});

describe('training on a streamed set', () => {
  const small = Float32Array.from({ length: 60 * 5 }, (_, i) => Math.fround(Math.sin(i)));
  const path = write('small.npy', writeNpy(hostTensor(small, [60, 5])));
  const model = vae({
    dataShape: [5],
    latentDim: 2,
    encoder: mlp([4]),
    decoder: mlp([4]),
    likelihood: gaussianLikelihood({ scale: 'shared' }),
  });
  const options = { runtime: interpreter, epochs: 2, batchSize: 8, seed: 3, objective: elbo(), stepsPerCall: 2 };
  const finish = async (data: Parameters<typeof fit>[1], more = {}) => {
    const training = fit(model, data, { ...options, ...more });
    for await (const _ of training);
    return training.state;
  };

  it('comes to the parameters of one in memory that is one block, and resumes at any step', async () => {
    const file = await streamed(path);
    const straight = await finish(file);
    let state: TrainingState | undefined;
    for (let stop = 1; ; stop++) {
      const controller = new AbortController();
      let calls = 0;
      const onProgress = () => {
        if (++calls === 1) controller.abort();
      };
      const training = fit(model, await streamed(path), {
        ...options,
        ...(state && { state }),
        signal: controller.signal,
        onProgress,
      });
      try {
        for await (const _ of training);
        state = training.state;
        break;
      } catch (error) {
        expect((error as ReparamError).code).toBe('interrupted');
        state = training.state;
      }
      expect(stop).toBeLessThan(20);
    }
    expect(state).toEqual(straight);
    // The same order given to a set in memory: block for block the same batches, so the same parameters.
    const memory = createDataset({ name: 'memory', data: small, shape: [5] });
    const same = {
      ...memory,
      blocks: file.blocks,
      bufferBlocks: file.bufferBlocks,
      statistics: file.statistics,
      readRows: copy(small, 5),
    };
    expect(await finish(same as unknown as StreamedDataset)).toEqual(straight);
  });
});

const copy = (data: Float32Array, size: number) => (wanted: Int32Array, out: Float32Array | Uint8Array) => {
  wanted.forEach((row, i) => {
    out.set(data.subarray(row * size, (row + 1) * size), i * size);
  });
};

function cifarBytes(count: number): Uint8Array {
  const out = new Uint8Array(count * 3073);
  for (let record = 0; record < count; record++) {
    out[record * 3073] = record;
    for (let i = 0; i < 3072; i++) out[record * 3073 + 1 + i] = (i * 31 + record) % 251;
  }
  return out;
}

function fortran(): Uint8Array {
  const bytes = writeNpy(hostTensor(new Float32Array(4), [2, 2]));
  const text = Buffer.from(bytes).toString('latin1').replace("'fortran_order': False", "'fortran_order': True ");
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
