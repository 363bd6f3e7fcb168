import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors } from 'reparam/io';
import { expect, it } from 'vitest';
import { inProcess, testFolder } from './command.ts';

const folder = testFolder();
const tiny = ['--latent-dim', '10', '--set', 'model.hidden=[64]', '--num-samples', '0', '--json', '-q'];

it('cpc-vae learns from 100 labels by dual ascent, and a copy of its run predicts the same', async () => {
  const place = join(folder.path, 'run');
  const settings = ['objective.dual.rate=0.5', 'objective.epsilon=0.1', 'training.labelledBatchSize=32'];
  const { code, stdout, stderr } = await inProcess([
    ...['train', 'digits', '--preset', 'cpc-vae', '--labels', '100', '--epochs', '20', '--out', place, ...tiny],
    ...settings.flatMap((setting) => ['--set', setting]),
  ]);
  expect([code, stderr]).toEqual([0, '']);
  const { test } = JSON.parse(stdout);
  expect(test.classification.accuracy).toBeGreaterThan(0.6);

  const { model } = JSON.parse(String(await readFile(join(place, 'config.json'))));
  expect(model.labels).toEqual({ kind: 'categorical', numLabels: 10 });
  const { tensors } = readSafetensors(await readFile(join(place, 'model.safetensors')));
  const multiplier = Object.entries(tensors).find(([name]) => name.endsWith('multiplier'))![1];
  expect(multiplier.data[0]).toBeGreaterThan(0);

  const again = await inProcess(['evaluate', place, '--json', '-q']);
  expect(JSON.parse(again.stdout).test.classification).toEqual(test.classification);
});

it.each([
  [['model.condition.kind=labels'], 'labels are predicted from the code of an unconditional model'],
  [['objective.lambda=3', 'objective.dual.rate=1'], 'dual ascent takes the place of lambda'],
  [['model.labels.kind=bernoulli'], 'labels of yes or no are not there'],
  [['training.microBatches=2'], 'batches cannot be cut into micro-batches here'],
])('%j is refused', async (settings, message) => {
  const { code, stderr } = await inProcess([
    ...['train', 'digits', '--preset', 'pc-vae', '--out', join(folder.path, 'refused'), '--epochs', '1'],
    ...settings.flatMap((setting) => ['--set', setting]),
  ]);
  expect(stderr).toContain(message);
  expect(code).toBeGreaterThan(0);
});
