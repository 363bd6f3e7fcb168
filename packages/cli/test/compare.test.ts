import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reparam, testFolder } from './command.ts';

const folder = testFolder();
const run = (...args: string[]) => reparam(args, { cwd: folder.path });
const compare = ['compare', 'digits', '--presets', 'vae-2d,vae-pytorch', '--seeds', '2', '--epochs', '1'];

describe('compare', () => {
  it('trains every preset with every seed, prints means and standard errors over seeds, and keeps what is done', async () => {
    const first = await run(...compare, '--num-samples', '10', '--out', 'both', '--json');
    expect(first.stderr).toContain('[4/4] vae-pytorch, seed 1');
    expect(first.code).toBe(0);
    const { rows } = JSON.parse(first.stdout);
    expect(rows.map(({ preset }: { preset: string }) => preset)).toEqual(['vae-2d', 'vae-pytorch']);
    for (const { figures, runs } of rows) {
      const own = await Promise.all(
        runs.map(
          async (path: string) => JSON.parse(await readFile(join(folder.path, path, 'evaluation.json'), 'utf8')).test,
        ),
      );
      const [a, b] = own.map(({ elbo }) => elbo);
      expect(figures.elbo.mean).toBeCloseTo((a + b) / 2, 10);
      expect(figures.elbo.standardError).toBeCloseTo(Math.abs(a - b) / 2, 10);
      expect(figures.logLikelihood.mean).toBeGreaterThan(figures.elbo.mean);
    }
    const csv = (await readFile(join(folder.path, 'both', 'comparison.csv'), 'utf8')).trim().split('\n');
    expect(csv).toHaveLength(3);
    expect(csv[1]!.split(',')[2]).toBe(String(rows[0].figures.elbo.mean));
    expect(await readFile(join(folder.path, 'both', 'comparison.html'), 'utf8')).toContain('Comparison on digits');

    const folders = (await readdir(join(folder.path, 'both'))).length;
    const again = await run(...compare, '--num-samples', '10', '--out', 'both', '--quiet');
    expect(again.stdout).toContain('log-likelihood');
    expect(again.stdout).toContain('vae-pytorch');
    expect(again.stderr).toBe('');
    expect((await readdir(join(folder.path, 'both'))).length).toBe(folders);
    // Other settings are other runs.
    await run(...compare, '--num-samples', '0', '--seeds', '1', '--out', 'both', '--quiet');
    expect((await readdir(join(folder.path, 'both'))).length).toBe(folders + 2);
  }, 120_000);

  it('an unknown preset is a usage error before anything is trained', async () => {
    const { code, stderr } = await run('compare', 'digits', '--presets', 'vae,vea');
    expect(code).toBe(2);
    expect(stderr).toContain('vea');
    expect(await readdir(folder.path)).not.toContain('runs');
  });

  it('what stops a training stops the comparison, with the preset and the seed', async () => {
    const { code, stderr } = await run(
      ...['compare', 'digits', '--presets', 'vae', '--epochs', '1', '--set', 'model.latentDim=0', '--quiet'],
    );
    expect(code).toBe(2);
    expect(stderr).toContain('vae, seed 0');
    expect(stderr).toContain('latentDim');
  });
});
