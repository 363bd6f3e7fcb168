import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  attributePredictability,
  digits,
  encode,
  mutualInformationGap,
  spriteFactors,
  sprites,
  writeNpy,
} from 'reparam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { elementsOf } from '../../reparam/test/plot/wellFormed.ts';
import type { Run } from '../src/run/openRun.ts';
import { drawnRun, expectRefusal, inProcess, jsonOf } from './drawnRun.ts';

let folder: string;
let run: Run;
let small: Run;
let given: Run;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reparam-disentangle-'));
  run = await drawnRun(join(folder, 'sprites'), { data: 'sprites', shape: [32, 32] });
  small = await drawnRun(join(folder, 'digits'), { data: 'digits', shape: [8, 8] });
  const condition = { kind: 'labels', numClasses: 3 };
  given = await drawnRun(join(folder, 'given'), {
    data: 'sprites',
    shape: [32, 32],
    preset: 'cvae',
    model: { condition },
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Scores {
  readonly file: string;
  readonly examples: number;
  readonly factors: readonly string[];
  readonly mig: { readonly score: number; readonly perFactor: Record<string, number> };
  readonly sap: { readonly score: number };
  readonly dci: Record<'disentanglement' | 'completeness' | 'informativeness', number>;
  readonly mutualInformation: readonly (readonly number[])[];
}

describe('disentangle', () => {
  it('scores the posterior means against the factors of the sprites, and draws them', async () => {
    const out = join(folder, 'map.svg');
    const scores = await jsonOf<Scores>('disentangle', run.folder, '--split', 'test', '--out', out);
    const settings = { runtime: await nodeRuntime(), binarization: run.binarization, seed: 4 };
    const { mean } = await encode(run.model, run.params, sprites('test'), settings);
    const codes = { data: mean.data, rows: 1000, columns: 3 };
    const mig = mutualInformationGap(codes, spriteFactors('test'));
    expect(scores.examples).toBe(1000);
    expect(scores.mig.score).toBeCloseTo(mig.score, 6);
    expect(Object.values(scores.mig.perFactor)).toHaveLength(5);
    expect(scores.sap.score).toBeCloseTo(attributePredictability(codes, spriteFactors('test')).score, 6);
    expect(scores.mutualInformation.flat()).toHaveLength(15);
    const svg = await readFile(out, 'utf8');
    elementsOf(svg);
    for (const name of scores.factors) expect(svg).toContain(`>${name}<`);
    expect(svg.match(/<rect/g)).toHaveLength(1 + 2 * 15);
  });

  it('takes factors from a file for any data, and says in words what it found', async () => {
    const test = digits('test');
    const labels = test.labels!;
    const csv = join(folder, 'factors.csv');
    await writeFile(csv, `digit,odd\n${Array.from(labels, (label) => `${label},${label % 2}`).join('\n')}\n`);
    const args = ['disentangle', small.folder, '--split', 'test', '--factors', csv, '--categorical', 'digit'];
    const { code, stdout } = await inProcess(...args, '--threads', '1', '--quiet');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^MIG 0\.\d{3} {2}SAP 0\.\d{3} {2}disentanglement .* \(297 examples\)\n {2}factor +MIG/);
    expect(stdout).toMatch(/\n {2}digit .*\n {2}odd .*\n.*disentanglement\.png/);
    const npy = join(folder, 'factors.npy');
    await writeFile(npy, writeNpy({ dtype: 'int32', shape: [test.size], data: labels }));
    const { factors } = await jsonOf<Scores>('disentangle', small.folder, '--split', 'test', '--factors', npy);
    expect(factors).toEqual(['factor0']);
  });

  it('refuses what has no factors, and factors that are none', async () => {
    const file = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return ['disentangle', small.folder, '--split', 'test', '--factors', join(folder, name)];
    };
    await expectRefusal(
      ['disentangle', small.folder],
      2,
      /factors of this data set are not known: got digits, expected sprites/,
    );
    await expectRefusal(
      ['disentangle', small.folder, '--dataset', 'sprites'],
      1,
      /not of the size.*\[32, 32\].*\[8, 8\]/,
    );
    await expectRefusal(['disentangle', given.folder], 2, /given a condition/);
    await expectRefusal(['disentangle', run.folder, '--categorical', 'shape'], 2, /--factors beside it/);
    await expectRefusal(await file('few.csv', 'a\n1\n2\n'), 1, /got 2 rows, expected 297/);
    await expectRefusal(await file('parts.csv', 'a\n1.5\n2\n'), 1, /not a whole number at row 0 .*: got 1\.5/);
    await expectRefusal(
      [...(await file('one.csv', `a,b\n${'1,2\n'.repeat(297)}`)), '--categorical', 'c'],
      2,
      /got "c", expected a, b/,
    );
    await expectRefusal(await file('one.csv', `a,b\n${'1,2\n'.repeat(297)}`), 1, /a factor does not vary/);
    await expectRefusal(['disentangle', run.folder, '--out', 'map.jpg'], 2, /\.png or \.svg/);
  });
});
