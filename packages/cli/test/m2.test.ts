import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inProcess, testFolder } from './command.ts';

const folder = testFolder();
const at = (...names: string[]) => join(folder.path, ...names);
const settings = [
  '--preset',
  'm2',
  '--labels',
  '100',
  '--epochs',
  '4',
  '--batch-size',
  '50',
  '--latent-dim',
  '8',
  '--num-samples',
  '20',
];
const small = ['--set', 'model.hidden=[32]', '--set', 'objective.alpha=1', '--validation', '100'];

it('M2 trains with a hundred labels, measures x without labels, classifies, and shows style apart from content', async () => {
  const { code, stdout, stderr } = await inProcess([
    'train',
    'digits',
    ...settings,
    ...small,
    '--out',
    at('m2'),
    '--json',
    '-q',
  ]);
  expect([code, stderr]).toEqual([0, '']);
  const { test } = JSON.parse(stdout);
  expect(test.classification.accuracy).toBeGreaterThan(0.3);
  const { classRate, elboGivenClass, logLikelihoodGivenClass } = test.figures;
  expect(classRate.value).toBeGreaterThan(0);
  expect(classRate.value).toBeLessThan(test.rate);
  expect(logLikelihoodGivenClass.value).toBeGreaterThan(elboGivenClass.value);
  expect(await readdir(at('m2'))).toContain('analogies.png');
  const { model } = JSON.parse(String(await readFile(at('m2', 'config.json'))));
  expect(model.condition).toEqual({ kind: 'labels', numClasses: 10, inferred: true });
  const lines = String(await readFile(at('m2', 'metrics.jsonl')))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.length).toBe(4);
  expect(lines[0].train.crossEntropy).toBeGreaterThan(lines[3].train.crossEntropy);
  expect(lines[3].validation.elbo).toBeGreaterThan(lines[0].validation.elbo);
  const again = await inProcess(['evaluate', at('m2'), '--json', '-q']);
  expect(JSON.parse(again.stdout).test).toEqual(test);
  const drawn = await inProcess([
    'sample',
    at('m2'),
    '--label',
    'all',
    '--count',
    '2',
    '--out',
    at('s.png'),
    '--json',
    '-q',
  ]);
  expect(drawn.code, drawn.stderr).toBe(0);
}, 120_000);
