import { readdir, readFile, rm } from 'node:fs/promises';
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
  expect(model.condition).toEqual({ kind: 'labels', numClasses: 10, dropout: 0.5, inferred: true });
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

it('M1+M2 trains one model, then the other on its codes; either stage goes on where it stopped', async () => {
  const above = '{"latentDim":4,"hidden":[16],"pretraining":{"epochs":15,"batchSize":50,"learningRate":0.003}}';
  const given = [
    '--preset',
    'm1-m2',
    '--labels',
    '100',
    '--epochs',
    '6',
    '--batch-size',
    '50',
    '--learning-rate',
    '0.01',
    '--num-samples',
    '100',
  ];
  const settings = [...given, '--latent-dim', '8', '--set', 'model.hidden=[32]', '--set', `model.above=${above}`];
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await inProcess([...args, '--json', '-q']);
    expect([code, stderr]).toEqual([0, '']);
    return JSON.parse(stdout);
  };
  const { test } = await run('train', 'digits', ...settings, '--set', 'objective.alpha=2', '--out', at('both'));
  expect(test.classification.accuracy).toBeGreaterThan(0.3);
  expect(test.logLikelihood).toBeGreaterThan(test.elbo);
  const weights = () => readFile(at('both', 'model.safetensors'));
  const whole = await weights();
  const { test: below } = JSON.parse(String(await readFile(at('both', 'lower', 'evaluation.json'))));
  expect(below.elbo).toBeLessThan(0);
  // As if it had stopped before the second stage, and then within the first.
  const second = ['model', 'checkpoint'].map((name) => at('both', `${name}.safetensors`));
  for (const gone of [[], [at('both', 'lower', 'evaluation.json'), at('both', 'lower', 'model.safetensors')]]) {
    for (const file of [...second, at('both', 'evaluation.json'), ...gone]) await rm(file);
    await run('resume', at('both'));
    expect((await weights()).equals(whole)).toBe(true);
  }
  const other = await run(
    'train',
    'digits',
    ...settings,
    '--set',
    'objective.alpha=2',
    '--from',
    at('both', 'lower'),
    '--out',
    at('from'),
  );
  expect(other.test).toEqual(test);
  expect(await readdir(at('from'))).not.toContain('lower');
}, 120_000);
