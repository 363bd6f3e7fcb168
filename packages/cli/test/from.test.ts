import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reparam, testFolder } from './command.ts';

const folder = testFolder();
const run = (...args: string[]) => reparam([...args, '--quiet'], { cwd: folder.path });
const lines = async (path: string) =>
  (await readFile(join(folder.path, path, 'metrics.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('train --from', () => {
  it('starts from the weights of another run, with another objective, and says so in its configuration', async () => {
    const digits = ['train', 'digits', '--num-samples', '0'];
    expect((await run(...digits, '--epochs', '6', '--out', 'first')).code).toBe(0);
    const more = ['--preset', 'iwae-paper', '--set', 'optimizer.learningRate=1e-4', '--epochs', '1'];
    expect((await run(...digits, ...more, '--out', 'fresh')).code).toBe(0);
    expect((await run(...digits, ...more, '--from', 'first', '--out', 'second')).code).toBe(0);
    const last = (await lines('first')).at(-1).train.elbo;
    const [fresh, second] = [(await lines('fresh'))[0].train.elbo, (await lines('second'))[0].train.elbo];
    expect(Math.abs(second - last)).toBeLessThan(1.5);
    expect(fresh).toBeLessThan(second - 3);
    const config = JSON.parse(await readFile(join(folder.path, 'second', 'config.json'), 'utf8'));
    expect(config.training.from).toBe(join(folder.path, 'first'));
  }, 60_000);

  it('refuses a run of another model, naming the first tensor that differs, and one that is not there', async () => {
    await run('train', 'digits', '--preset', 'vae-2d', '--epochs', '1', '--num-samples', '0', '--out', 'plane');
    const other = await run('train', 'digits', '--from', 'plane', '--out', 'wrong');
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(
      /parameters are not of this model.*posterior\.weight.*got \[4, 200\].*expected \[100, 200\]/,
    );
    const missing = await run('train', 'digits', '--from', 'nothing', '--out', 'wrong');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('not a run folder');
  }, 60_000);
});
