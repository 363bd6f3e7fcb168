import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { densityPresets, greyWarning, presets as libraryPresets } from 'reparam';
import { readSafetensors } from 'reparam/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { filesBelow, type Result, reparam, testFolder } from './command.ts';

const folder = testFolder();
const run = (...args: string[]): Promise<Result> => reparam(args, { cwd: folder.path });
const json = (result: Result): Record<string, unknown> & { test: Record<string, unknown> } => JSON.parse(result.stdout);
const read = (...path: string[]) => readFile(join(folder.path, ...path));

const always = [
  'checkpoint.safetensors',
  'config.json',
  'decoder.onnx',
  'encoder.onnx',
  'evaluation.json',
  'metrics.jsonl',
  'model.safetensors',
  'report.html',
];
const pictures = ['reconstructions.png', 'samples.png'];

describe('train digits', () => {
  let result: Result;
  beforeAll(async () => {
    result = await run('train', 'digits', '--epochs', '3', '--seed', '7', '--num-samples', '20', '--json');
  });

  it('prints one object with the agreed keys', () => {
    expect(result.code).toBe(0);
    expect(result.stdout.trim().split('\n')).toHaveLength(1);
    const printed = json(result);
    expect(printed).toMatchObject({
      run: join('runs', 'digits-vae-7'),
      seed: 7,
      epochs: 3,
      steps: 36,
      seconds: expect.any(Number),
      stepMs: expect.any(Number),
      unit: 'nats/example',
      warnings: [],
    });
    const { test } = printed;
    const { elbo, rate, distortion, logLikelihood } = test as Record<string, number>;
    expect(test).toMatchObject({ numSamples: 20, numExamples: 297 });
    for (const name of ['elbo', 'rate', 'distortion', 'logLikelihood']) {
      expect(test[`${name}StandardError`]).toBeGreaterThan(0);
    }
    expect(elbo).toBeLessThan(0);
    expect(elbo).toBeCloseTo(-(rate! + distortion!), 6);
    expect(logLikelihood).toBeGreaterThan(elbo!);
    expect(logLikelihood).toBeLessThan(0);
    expect(test.klPerDimension).toHaveLength(50);
    const sum = (test.klPerDimension as number[]).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(rate!, 4);
  });

  it('says on stderr exactly what is maximised, and how each epoch went', () => {
    const [first, ...rest] = result.stderr.split('\n');
    expect(first).toMatch(/^Maximising E_q log p\(x\|z\) − KL\(q\(z\|x\) ‖ p\(z\)\).*Bernoulli\. Nats per example/);
    expect(first).toMatch(/digits, 1500 training examples, binarisation dynamic\.$/);
    expect(rest.filter((line) => /^epoch \d\/3 {2}ELBO -/.test(line))).toHaveLength(3);
    expect(result.stderr).not.toContain('\x1b');
  });

  it('writes the whole run folder and nothing else', async () => {
    expect(await filesBelow(join(folder.path, 'runs', 'digits-vae-7'))).toEqual([...always, ...pictures].sort());
    expect(decode(await read('runs/digits-vae-7/samples.png')).width).toBeGreaterThan(600);
    const lines = (await read('runs/digits-vae-7/metrics.jsonl')).toString().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).epoch)).toEqual([1, 2, 3]);
    const html = (await read('runs/digits-vae-7/report.html')).toString();
    expect(html).toContain('Log-likelihood, 20 samples');
    // Everything is in the page itself: nothing is loaded from elsewhere.
    expect(html.match(/data:image\/png/g)!.length).toBeGreaterThanOrEqual(2);
    expect(html).not.toMatch(/(src|href)="(?!data:|#)/);
  });

  it('evaluate, show and resume tell the same figures', async () => {
    const stored = json(result);
    const evaluated = json(await run('evaluate', 'runs/digits-vae-7', '--json', '-q'));
    expect(evaluated.test).toEqual(stored.test);
    expect(evaluated).toMatchObject({ run: 'runs/digits-vae-7', steps: 36, epochs: 3, seed: 7, unit: 'nats/example' });
    const shown = json(await run('show', 'runs/digits-vae-7', '--json'));
    expect(shown.test).toEqual(stored.test);
    const resumed = await run('resume', 'runs/digits-vae-7', '--json', '--quiet');
    expect([resumed.code, resumed.stderr]).toEqual([0, '']);
    expect(json(resumed)).toEqual({ ...stored, run: 'runs/digits-vae-7' });
  });

  it('the same seed gives the same weights, another seed others; a folder is never used twice', async () => {
    const args = ['train', 'digits', '--epochs', '3', '--num-samples', '0', '-q'];
    const again = await run(...args, '--seed', '7');
    const other = await run(...args, '--seed', '8');
    expect(again.stdout).toContain(join('runs', 'digits-vae-7-2'));
    expect(other.stdout).toContain(join('runs', 'digits-vae-8'));
    expect([again.stderr, other.stderr]).toEqual(['', '']);
    const weights = await read('runs/digits-vae-7/model.safetensors');
    expect(weights.equals(await read('runs/digits-vae-7-2/model.safetensors'))).toBe(true);
    expect(weights.equals(await read('runs/digits-vae-8/model.safetensors'))).toBe(false);
  });

  it('evaluate measures the training split, without importance samples when none are asked for', async () => {
    const { code, stdout } = await run(
      ...['evaluate', 'runs/digits-vae-7', '--split', 'train', '--num-samples', '0', '--json', '-q'],
    );
    expect(code).toBe(0);
    const { test } = JSON.parse(stdout);
    expect(test.numExamples).toBe(1500);
    expect(test).not.toHaveProperty('logLikelihood');
  });
});

describe('train', () => {
  it('draws the manifold of a two-dimensional model', async () => {
    const { code } = await run(
      ...['train', 'digits', '--preset', 'vae-2d', '--epochs', '1', '--num-samples', '2', '--out', 'deep/er/plane'],
    );
    expect(code).toBe(0);
    const files = await filesBelow(join(folder.path, 'deep/er/plane'));
    expect(files).toEqual([...always, ...pictures, 'manifold.png'].sort());
  });

  it('grey values under a Bernoulli likelihood: warned about, named in the report, not called a likelihood', async () => {
    const { code, stdout, stderr } = await run(
      ...['train', 'digits', '--binarization', 'none', '--epochs', '1', '--num-samples', '5', '-q', '--out', 'grey'],
    );
    expect(code).toBe(0);
    expect(stderr).toContain(`warning: ${greyWarning}`);
    expect(stdout).not.toMatch(/log-likelihood/i);
    const html = (await read('grey/report.html')).toString();
    expect(html).toContain(`Warning: ${greyWarning}`);
    expect(html).not.toContain('Log-likelihood, 5 samples');
    const stored = JSON.parse((await read('grey/evaluation.json')).toString());
    expect(stored.warnings).toEqual([greyWarning]);
    const evaluated = await run('evaluate', 'grey', '-q', '--num-samples', '5', '--json');
    expect(JSON.parse(evaluated.stdout).warnings).toEqual([greyWarning]);
  });

  it('a table of real numbers: Gaussian likelihood, no pictures, usable from another folder', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => [Math.sin(i), 5 * Math.cos(i / 3), i / 50].join(','));
    await writeFile(join(folder.path, 'table.csv'), `a,b,c\n${rows.join('\n')}\n`);
    const { code, stdout } = await run(
      ...['train', 'table.csv', '--epochs', '2', '--batch-size', '32', '--latent-dim', '2', '--num-samples', '3'],
      ...['--set', 'model.likelihood.kind=gaussian', '--set', 'model.hidden=[8]', '--validation', '20', '-q', '--json'],
    );
    expect(code).toBe(0);
    const { run: place, binarization } = JSON.parse(stdout);
    expect([place, binarization]).toEqual([join('runs', 'table-vae-0'), 'none']);
    expect(await filesBelow(join(folder.path, place))).toEqual(always);
    const metrics = (await read(place, 'metrics.jsonl')).toString().trim().split('\n');
    expect(JSON.parse(metrics[0]!)).toHaveProperty('validation.elbo');
    await mkdir(join(folder.path, 'elsewhere'));
    const there = await reparam(['evaluate', join('..', place), '-q', '--num-samples', '3', '--json'], {
      cwd: join(folder.path, 'elsewhere'),
    });
    expect(there.code).toBe(0);
    expect(JSON.parse(there.stdout).test).toEqual(JSON.parse(stdout).test);
  });

  it('early stopping keeps the best weights', async () => {
    const { code, stdout } = await run(
      ...[
        'train',
        'digits',
        '--epochs',
        '40',
        '--validation',
        '300',
        '--patience',
        '1',
        '--num-samples',
        '0',
        '--json',
        '-q',
      ],
      ...['--learning-rate', '0.02', '--preset', 'vae-pytorch', '--out', 'stopped'],
    );
    expect(code).toBe(0);
    const { epochs } = JSON.parse(stdout);
    expect(epochs).toBeLessThan(40);
    const metrics = (await read('stopped/metrics.jsonl'))
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const best = metrics.filter((line) => line.isBest).at(-1);
    expect(best.epoch).toBe(epochs - 1);
    const { tensors, metadata } = readSafetensors(await read('stopped/checkpoint.safetensors'));
    expect(JSON.parse(metadata.best!)).toEqual({ epoch: best.epoch, elbo: best.validation.elbo });
    const model = readSafetensors(await read('stopped/model.safetensors')).tensors;
    expect(model['output.bias']!.data).toEqual(tensors['best.output.bias']!.data);
    expect(model['output.bias']!.data).not.toEqual(tensors['params.output.bias']!.data);
  });

  it('--fallback is used when a set cannot be had, and this is said', async () => {
    const { code, stdout, stderr } = await run(
      ...['train', './no-such-file.npy', '--fallback', 'digits', '--epochs', '1', '--num-samples', '0', '--json', '-q'],
    );
    expect(code).toBe(0);
    expect(stderr).toContain('there is no such file');
    expect(stderr).toContain('going on with the data set digits instead');
    expect(JSON.parse(stdout)).toMatchObject({ dataset: 'digits' });
  });

  it.each(['wasm', 'reference'])('runs on %s with almost the same result', async (runtime) => {
    const args = [
      'train',
      'digits',
      '--preset',
      'vae-2d',
      '--epochs',
      '1',
      '--set',
      'model.hidden=[16]',
      '--json',
      '-q',
    ];
    const elbo = async (...more: string[]) =>
      json(await run(...args, '--num-samples', '2', ...more)).test.elbo as number;
    expect(await elbo('--runtime', runtime)).toBeCloseTo(await elbo(), 3);
  });
});

describe('lists', () => {
  it('datasets and presets', async () => {
    const datasets = JSON.parse((await run('datasets', '--json')).stdout).datasets as { name: string }[];
    expect(datasets.map(({ name }) => name)).toEqual([
      'digits',
      'faces',
      'sprites',
      'mnist',
      'fashion-mnist',
      'cifar10',
    ]);
    const { presets } = JSON.parse((await run('presets', '--json')).stdout) as { presets: { name: string }[] };
    expect(presets.map(({ name }) => name)).toEqual([...libraryPresets, ...densityPresets].map(({ name }) => name));
    expect((await run('presets')).stdout).toContain('Burda');
  });
});
