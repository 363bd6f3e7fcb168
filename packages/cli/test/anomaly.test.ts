import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@reparam/tensor/node';
import { auroc, digits, exampleScores, parseNpy, sprites, take, writeNpy } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementsOf } from '../../reparam/test/plot/wellFormed.ts';
import type { Run } from '../src/run/openRun.ts';
import { drawnRun, expectRefusal, inProcess, jsonOf } from './drawnRun.ts';

let folder: string;
let run: Run;
let other: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reparam-anomaly-'));
  run = await drawnRun(join(folder, 'run'), { data: 'digits', shape: [8, 8] });
  // Small sprites, whose tenth is the test split.
  other = join(folder, 'small sprites.npy');
  const { data } = sprites('all', { size: 8, levels: { scale: 2, orientation: 3 } });
  await writeFileAtomic(other, writeNpy({ dtype: 'uint8', shape: [data.length / 64, 8, 8], data }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Answer {
  readonly scores: string;
  readonly columns: readonly string[];
  readonly file: string;
  readonly partsOfValues: number;
  readonly partsOfDimensions: number;
  readonly sets: readonly { readonly dataset: string; readonly examples: number }[];
  readonly auroc: Record<string, { readonly value: number; readonly standardError: number }>;
}

describe('anomaly', () => {
  it('writes the scores and parts of both sets, and how well each score tells them apart', async () => {
    const [out, parts, picture] = ['scores.npy', 'parts.npy', 'both.svg'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const args = ['--count', '40', '--num-samples', '20', '--out', out, '--parts', parts, '--picture', picture];
    const answer = await jsonOf<Answer>('anomaly', run.folder, '--against', other, ...args);
    expect(answer.columns).toEqual(['logLikelihood', 'standardError', 'elbo', 'rate', 'distortion']);
    expect(answer.sets.map(({ examples }) => examples)).toEqual([40, 40]);
    const [scores, terms] = [parseNpy(await readFile(out)), parseNpy(await readFile(parts))];
    expect([scores.shape, terms.shape]).toEqual([
      [80, 5],
      [80, 67],
    ]);
    const settings = { runtime: await nodeRuntime(), binarization: run.binarization, seed: 4, numSamples: 20 };
    const own = await exampleScores(run.model, run.params, take(digits('test'), 40), settings);
    const column = (j: number, from = 0, to = 80) =>
      Array.from({ length: to - from }, (_, i) => Number(scores.data[(from + i) * 5 + j]));
    expect(column(0, 0, 40)).toEqual([...own.logLikelihood!]);
    expect(column(3, 0, 40)).toEqual([...own.rate]);
    const area = auroc(
      column(0, 0, 40).map((v) => -v),
      column(0, 40).map((v) => -v),
    );
    expect(answer.auroc.logLikelihood).toEqual(area);
    expect(answer.auroc.rate).toEqual(auroc(column(3, 0, 40), column(3, 40)));
    for (let i = 0; i < 80; i += 13) {
      const part = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, j) => Number(terms.data[i * 67 + from + j])).reduce((a, b) => a + b);
      expect(part(0, 64)).toBeCloseTo(-column(4)[i]!, 3);
      expect(part(64, 67)).toBeCloseTo(column(3)[i]!, 3);
    }
    const svg = await readFile(picture, 'utf8');
    elementsOf(svg);
    expect(svg.match(/fill-opacity="0.5"/g)).toHaveLength(2 * 4);
    expect(svg).toContain(`rate, AUROC ${answer.auroc.rate!.value.toFixed(3)}`);
  });

  it('of one set alone: CSV with the name of the set, words, and no picture', async () => {
    const { code, stdout } = await inProcess('anomaly', run.folder, '--count', '5', '--num-samples', '0', '--quiet');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}nats\/example +digits \(5\)\n {2}ELBO +-[\d.]+ ± [\d.]+\n/);
    const lines = (await readFile(join(run.folder, 'anomaly.csv'), 'utf8')).trim().split('\n');
    expect([lines.length, lines[0]]).toEqual([6, 'dataset,elbo,rate,distortion']);
    expect(lines[1]).toMatch(/^digits,-\d/);
  });

  it.each([
    [
      'a convolutional model',
      ['logLikelihood', 'standardError', 'elbo', 'rate', 'distortion'],
      {
        model: { network: { kind: 'conv', channels: [4] }, hidden: [] },
      },
    ],
    [
      'a model given labels',
      ['logLikelihood', 'standardError', 'elbo', 'rate', 'distortion'],
      {
        preset: 'cvae',
        model: { condition: { kind: 'labels', numClasses: 10 } },
      },
    ],
    ['an autoencoder', ['distortion'], { preset: 'ae', model: { posterior: { kind: 'delta' } } }],
  ])('%s', async (name, columns, settings) => {
    const at = join(folder, name.replaceAll(' ', '-'));
    await drawnRun(at, { data: 'digits', shape: [8, 8], ...settings });
    const answer = await jsonOf<Answer>('anomaly', at, '--count', '3', '--num-samples', '5');
    expect(answer.columns).toEqual(columns);
    if (name.includes('labels')) {
      await expectRefusal(['anomaly', at, '--against', 'digits'], 2, /told apart by models without a condition/);
    }
  });

  it('refuses data of another size, and places that cannot be written', async () => {
    await expectRefusal(
      ['anomaly', run.folder, '--against', 'faces', '--count', '2', '--num-samples', '0'],
      1,
      /\[28, 28\], expected \[8, 8\]/,
    );
    await expectRefusal(['anomaly', run.folder, '--out', 'scores.txt'], 2, /expected \.csv or \.npy/);
    await expectRefusal(['anomaly', run.folder, '--parts', 'parts.csv'], 2, /expected \.npy/);
    await expectRefusal(['anomaly', run.folder, '--picture', 'p.jpg'], 2, /expected \.png or \.svg/);
    await expectRefusal(['anomaly', join(folder, 'nothing')], 1, /not a run folder/);
  });
});
