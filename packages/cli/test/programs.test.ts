import { mkdtemp, readFile, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digits, fitPpca, matrixOf } from 'reparam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reparam } from './command.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'reparam-programs-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const run = (...args: string[]) => reparam(args, { cwd });
const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect(stderr && code, stderr).not.toBe(1);
  return JSON.parse(stdout);
};

describe('probabilistic PCA', () => {
  it.each(['ppca', 'ppca-em'])('%s is the closed form, and a run like any other', async (preset) => {
    const { test } = await json('train', 'digits', '--preset', preset, '--latent-dim', '5', '--out', preset);
    const exact = fitPpca(matrixOf(digits('train')), 5);
    expect(Math.abs(test.logLikelihood - exact.logLikelihood(matrixOf(digits('test'))))).toBeLessThan(0.01);
    expect((await run('reconstruct', preset)).code).toBe(0);
    expect((await run('encode', preset, '--out', `${preset}.csv`)).code).toBe(0);
    expect((await run('resume', preset)).stderr).toContain('complete');
  });

  it('refuses a model that is not linear before anything is written', async () => {
    const { code, stderr } = await run(
      'train',
      'digits',
      '--preset',
      'ppca',
      '--set',
      'model.hidden=[3]',
      '--out',
      'no',
    );
    expect(code).toBe(2);
    expect(stderr).toContain('got hidden layers');
    await expect(readFile(join(cwd, 'no', 'config.json'))).rejects.toThrow();
  });
});

describe('density models', () => {
  it('a mixture: trained, measured again, sampled, shown', async () => {
    const options = ['--set', 'program.components=3', '--set', 'program.covariance=diagonal'];
    const { test, epochs } = await json('train', 'digits', '--preset', 'mixture', ...options, '--out', 'mixture');
    const again = await json('evaluate', 'mixture');
    expect(again.test).toEqual(test);
    const onTrain = await json('evaluate', 'mixture', '--split', 'train');
    const lines = (await readFile(join(cwd, 'mixture', 'metrics.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.length).toBe(epochs);
    // The last bound is that of the parameters before the last step, and within its tolerance of those after it.
    expect(Math.abs(JSON.parse(lines.at(-1)!).bound - onTrain.test.logLikelihood)).toBeLessThan(1e-3);
    expect((await json('sample', 'mixture', '--count', '4')).width).toBeGreaterThan(30);
    expect((await run('show', 'mixture')).stdout).toContain('mixture of 3 Gaussians in 64 dimensions, diagonal');
  });

  it('a machine goes on from its checkpoint to the same bits', async () => {
    const train = ['train', 'digits', '--preset', 'rbm', '--set', 'program.hidden=6', '--epochs', '4'];
    await json(...train, '--out', 'whole');
    const { code } = await reparam([...train, '--out', 'killed'], {
      cwd,
      onStderr: (child, soFar) => {
        if (soFar.includes('epoch 2/4')) child.kill('SIGKILL');
      },
    });
    // A machine quicker than the kill is complete: take its end away.
    if (code === 0) await unlink(join(cwd, 'killed', 'evaluation.json'));
    const { test } = await json('resume', 'killed');
    expect(test).toEqual((await json('evaluate', 'whole')).test);
    const weights = (name: string) => readFile(join(cwd, name, 'model.safetensors'));
    expect(await weights('killed')).toEqual(await weights('whole'));
    expect(test.logLikelihood).toBeGreaterThan(-40);
  });

  it('says what does not apply', async () => {
    const encode = await run('encode', 'whole', '--out', 'codes.csv');
    expect([encode.code, encode.stderr.includes('no model with latent codes')]).toEqual([2, true]);
    const other = await run('train', 'digits', '--preset', 'rbm', '--set', 'program.components=3');
    expect([other.code, other.stderr.includes('does not apply to kind "rbm"')]).toEqual([2, true]);
    const samples = await run('train', 'digits', '--preset', 'rbm', '--num-samples', '20');
    expect([samples.code, samples.stderr]).toEqual([
      2,
      expect.stringContaining('evaluation does not apply to preset "rbm"'),
    ]);
    const classes = await run('sample', 'whole', '--label', '3');
    expect([classes.code, classes.stderr]).toEqual([2, expect.stringContaining('needs a model that is given labels')]);
    const drawn = await run('diagram', 'realnvp', '--kind', 'computation');
    expect([drawn.code, drawn.stderr]).toEqual([2, expect.stringContaining('a flow, whose log-likelihood is exact')]);
    const diagram = await run('diagram', 'rbm');
    expect([diagram.code, diagram.stderr]).toEqual([2, expect.stringContaining('density model without latent codes')]);
  });

  it('say that their figures are exact, and of what', async () => {
    expect((await run('show', 'mixture')).stdout).toMatch(/log-likelihood, exact .*nats\/example, a density/);
    expect((await json('evaluate', 'whole')).test).toMatchObject({ bound: 'exact', quantity: 'probability' });
    const flow = await run('train', 'digits', '--preset', 'made', '--epochs', '1', '--out', 'made');
    expect(flow.stderr).toMatch(/Maximising log p\(x\), exact.*\n.*log p\(x\) -[\d.]+ {2}\d/);
    expect(flow.stdout).toMatch(/log-likelihood, exact/);
    expect(flow.stdout).not.toMatch(/ELBO|rate|collapsed|active units/);
    expect(/ELBO \(higher|<dt>ELBO/.exec(await readFile(join(cwd, 'made', 'report.html'), 'utf8'))).toBeNull();
  });

  it('compare beside others, each row with what its figures are of', async () => {
    const presets = 'rbm,mixture,vae-2d';
    const { rows } = await json('compare', 'digits', '--presets', presets, '--epochs', '1', '--num-samples', '5');
    expect(rows.map(({ measure }: { measure: string }) => measure)).toEqual([
      'probability of bits (dynamic)',
      'density',
      'probability of bits (dynamic)',
    ]);
    expect(rows.map(({ figures }: { figures: object }) => 'elbo' in figures)).toEqual([false, false, true]);
  });
});
