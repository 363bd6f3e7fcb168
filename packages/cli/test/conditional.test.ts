import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inProcess as reparam } from './drawnRun.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reparam-conditional-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await reparam(...args, '--json', '--quiet');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const small = ['--set', 'model.hidden=[16]', '--set', 'training.batchSize=100', '--set', 'evaluation.numSamples=20'];
const train = (preset: string, ...more: string[]) =>
  json('train', 'digits', '--preset', preset, '--epochs', '1', '--out', join(folder, preset), ...small, ...more);
const sizeOf = async (file: unknown) => {
  const { width, height } = decode(await readFile(file as string));
  return [width, height];
};
/** Pixels of a grid of digits, eight pixels a pixel and a border of two. */
const grid = (columns: number, rows: number) => [2 + columns * 66, 2 + rows * 66];
/** The same with a gap between rows. */
const strips = (columns: number, rows: number) => [2 + columns * 66, 2 + rows * 66 + (rows - 1) * 6];

describe('a run given labels', () => {
  it('trains, keeps the number of classes, evaluates, draws classes and exports', async () => {
    const run = join(folder, 'cvae');
    const { test } = (await train('cvae')) as { test: { elbo: number; logLikelihood: number } };
    expect(test.logLikelihood).toBeGreaterThan(test.elbo);
    const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8')) as { model: { condition: unknown } };
    expect(config.model.condition).toEqual({ kind: 'labels', numClasses: 10 });
    expect(await sizeOf(join(run, 'samples.png'))).toEqual(grid(10, 10));
    const again = (await json('evaluate', run, '--num-samples', '0')) as { test: { elbo: number } };
    expect(again.test.elbo).toBe(test.elbo);
    const { stdout } = await reparam('evaluate', run, '--num-samples', '0', '--quiet');
    expect(stdout).toMatch(/figures +of x given the condition c/);
    const quality = await reparam('quality', run);
    expect([quality.code, quality.stderr]).toEqual([2, expect.stringContaining(`reparam sample ${run}`)]);

    const all = await json('sample', run, '--label', 'all', '--count', '3');
    expect(all.labels).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await sizeOf(all.file)).toEqual(grid(3, 10));
    const threes = await json('sample', run, '--label', '3', '--count', '4');
    expect(await sizeOf(threes.file)).toEqual(grid(2, 2));
    expect((await json('export', run)).encoder).toBe(join(run, 'encoder.onnx'));

    const wrong = await reparam('sample', run, '--label', '12');
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(/no such class: got 12, expected a label from 0 to 9/),
    ]);
    expect((await reparam('sample', run, '--label', 'x')).stderr).toMatch(/class number, several such as 3,5, or all/);
  });
});

describe('a run that completes pictures', () => {
  it('trains, and writes what was given, completions and the truth', async () => {
    const run = join(folder, 'cvae-complete');
    await train('cvae-complete', '--set', 'model.prior.hidden=[8]');
    const config = JSON.parse(await readFile(join(run, 'config.json'), 'utf8')) as { data: { shape: unknown } };
    expect(config.data.shape).toEqual([8, 8]);
    expect(await sizeOf(join(run, 'samples.png'))).toEqual(strips(7, 20));
    const { file, count } = await json('sample', run, '--count', '5', '--draws', '4');
    expect([count, await sizeOf(file)]).toEqual([5, strips(6, 5)]);
    const pairs = await json('reconstruct', run, '--count', '4');
    const [width, height] = await sizeOf(pairs.file);
    // Whole pictures: four beside each other, each above its reconstruction.
    expect([width, height]).toEqual(strips(4, 2).map((size, i) => (i === 1 ? size - 6 : size)));
    expect((await reparam('sample', run, '--label', '1')).stderr).toMatch(/--label needs a model that is given labels/);
  });
});

describe('a plain autoencoder', () => {
  it('says that its figure bounds nothing, in text and JSON', async () => {
    const run = join(folder, 'ae');
    const { test } = (await train('ae')) as { test: Record<string, unknown> };
    expect(test).toMatchObject({ bound: 'none', reconstructionLogLikelihood: -(test.distortion as number) });
    expect(Object.keys(test)).not.toEqual(expect.arrayContaining([expect.stringMatching(/elbo|rate|^logLike/)]));
    const page = await readFile(join(run, 'report.html'), 'utf8');
    expect(page).toContain('log p(x|z) (higher is better)');
    expect(/<dt>(ELBO|Rate)|ELBO \(higher|drawn from the prior\./.exec(page)).toBeNull();
    expect((await reparam('show', run)).stdout).toMatch(
      /reconstruction log-likelihood +-[\d.]+ ± [\d.]+ nats\/example, a density/,
    );
    const { stdout } = await reparam('evaluate', run, '--quiet');
    expect(stdout).toMatch(/reconstruction log-likelihood \(no bound on log p\(x\)\)/);
    expect(stdout).not.toMatch(/ELBO|rate/);
    const refused = await reparam('sample', run, '--label', '1');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/got an unconditional model/)]);
  });
});
