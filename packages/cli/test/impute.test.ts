import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { digits, meanOf, parseNpy, writeNpy } from 'reparam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementsOf } from '../../reparam/test/plot/wellFormed.ts';
import type { Run } from '../src/run/openRun.ts';
import { drawnRun, expectRefusal, inProcess, jsonOf } from './drawnRun.ts';

let folder: string;
let run: Run;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reparam-impute-'));
  run = await drawnRun(join(folder, 'run'), { data: 'digits', shape: [8, 8] });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const short = ['--sweeps', '4', '--draws', '2', '--count', '3'];
const grey = { likelihood: { kind: 'gaussian', scale: 'shared' } };

interface Figures {
  readonly file: string;
  readonly missingValues: number;
  readonly acceptance: number;
  readonly meanSquaredError: Record<'model' | 'meanImage', { readonly value: number }>;
  readonly logLikelihood: Record<'model' | 'meanImage', { readonly value: number }>;
}

describe('impute', () => {
  it('keeps what is known, fills in the rest, and measures both against the mean image', async () => {
    const [values, out] = [join(folder, 'values.npy'), join(folder, 'rows.svg')];
    const figures = await jsonOf<Figures>(
      'impute',
      run.folder,
      '--mask',
      'left',
      ...short,
      '--values',
      values,
      '--out',
      out,
    );
    expect([figures.file, figures.missingValues]).toEqual([out, 3 * 32]);
    expect(figures.acceptance).toBeGreaterThan(0);
    const drawn = parseNpy(await readFile(values));
    expect(drawn.shape).toEqual([3, 2, 8, 8]);
    expect([...new Set(drawn.data as Float32Array)].sort()).toEqual([0, 1]);
    const all = drawn.data as Float32Array;
    for (let i = 0; i < 3; i++) {
      const [first, second] = [all.slice(128 * i, 128 * i + 64), all.slice(128 * i + 64, 128 * i + 128)];
      for (let j = 0; j < 64; j++) if (j % 8 >= 4) expect(first[j]).toBe(second[j]);
    }
    elementsOf(await readFile(out, 'utf8'));
    expect((await readFile(out, 'utf8')).match(/<image/g)).toHaveLength(3 * 5);
    expect(figures.logLikelihood.model.value).toBeLessThan(0);
  });

  it('the mean image is that of the training data', async () => {
    const plain = await drawnRun(join(folder, 'grey'), {
      data: 'digits',
      shape: [8, 8],
      binarization: 'none',
      model: grey,
    });
    const { meanSquaredError, file } = await jsonOf<Figures>('impute', plain.folder, '--mask', 'top-left', ...short);
    const [test, mean] = [digits('test'), meanOf(digits('train'))];
    let squares = 0;
    for (let at = 0; at < 3 * 64; at++) {
      const [row, column] = [(at % 64) >> 3, at % 8];
      if (row < 4 && column < 4) squares += (test.data[at]! * test.scale - mean[at % 64]!) ** 2;
    }
    expect(meanSquaredError.meanImage.value).toBeCloseTo(squares / 48, 6);
    expect(decode(await readFile(file)).width).toBeGreaterThan(100);
  });

  it.each([
    ['a convolutional model', { model: { network: { kind: 'conv', channels: [4] }, hidden: [] } }],
    ['a model given labels', { preset: 'cvae', model: { condition: { kind: 'labels', numClasses: 10 } } }],
    ['a table, without a picture', { shape: [64], binarization: 'none', model: grey }],
  ])('%s', async (name, settings) => {
    const { folder: at } = await drawnRun(join(folder, name.replaceAll(' ', '-')), {
      data: 'digits',
      shape: [8, 8],
      ...settings,
    });
    const values = join(folder, 'other.npy');
    const args = ['impute', at, '--mask', 'random:0.4', ...short, '--values', values, '--quiet', '--threads', '1'];
    const { code, stdout } = await inProcess(...args);
    expect([code, stdout.split('\n').length]).toEqual([0, name.startsWith('a table') ? 5 : 6]);
    expect(stdout).toMatch(
      /3 examples, \d\d\.\d values missing in each; \d+ % of proposals accepted\n {2}of the missing values/,
    );
    expect((await readFile(values)).length).toBeGreaterThan(3 * 2 * 64 * 4);
  });

  it('a mask from a file, for all examples or for each', async () => {
    const file = join(folder, 'mask.npy');
    const mask = async (shape: number[], fill: (i: number) => number) => {
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => fill(i));
      await writeFile(file, writeNpy({ dtype: 'float32', shape, data }));
      return ['impute', run.folder, '--mask', file, ...short];
    };
    const count = async (args: Promise<string[]>) => (await jsonOf<Figures>(...(await args))).missingValues;
    expect(await count(mask([8, 8], (i) => (i < 5 ? 0.5 : 0)))).toBe(15);
    expect(await count(mask([4, 8, 8], (i) => (i < 70 ? 1 : 0)))).toBe(70);
    await expectRefusal(await mask([8, 9], () => 1), 1, /mask of another shape.*got \[8, 9\], expected \[8, 8\]/);
    await expectRefusal(await mask([2, 8, 8], () => 1), 1, /expected \[8, 8\], or \[3, 8, 8\] for 3 examples/);
    await expectRefusal(await mask([8, 8], () => 0), 1, /what is missing: got no value/);
  });

  it('refuses masks that are none, data of another size, and models without a posterior', async () => {
    await expectRefusal(
      ['impute', run.folder, '--mask', 'botom'],
      2,
      /no such mask: got "botom".*Did you mean "bottom"/,
    );
    await expectRefusal(['impute', run.folder, '--mask', 'random:2'], 2, /share of missing values: got 2/);
    await expectRefusal(['impute', run.folder, '--mask', 'random:x'], 2, /share of missing values: got NaN/);
    await expectRefusal(['impute', run.folder, '--dataset', 'faces'], 1, /\[28, 28\], expected \[8, 8\]/);
    await expectRefusal(['impute', run.folder, '--sweeps', '1'], 2, /2 or more/);
    await expectRefusal(['impute', run.folder, '--values', 'x.csv'], 2, /expected \.npy/);
    const model = { posterior: { kind: 'delta' } };
    const autoencoder = await drawnRun(join(folder, 'ae'), { data: 'digits', shape: [8, 8], preset: 'ae', model });
    await expectRefusal(['impute', autoencoder.folder], 2, /an autoencoder, whose code is a point/);
    const condition = { kind: 'completion', missing: 'top-left' };
    const given = await drawnRun(join(folder, 'given'), {
      data: 'digits',
      shape: [8, 8],
      preset: 'cvae-complete',
      model: { condition },
    });
    await expectRefusal(['impute', given.folder], 2, /given the rest of the picture already/);
  });
});
