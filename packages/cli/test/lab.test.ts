import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reparam } from './command.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'reparam-lab-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const run = (...args: string[]) => reparam(args, { cwd });
const json = async (...args: string[]) => {
  const { stdout, stderr } = await run(...args, '--json');
  expect(stdout, stderr).not.toBe('');
  return JSON.parse(stdout);
};

describe('lab', () => {
  it('writes charts, tables and a page that loads nothing', async () => {
    const { results, files } = await json('lab', 'prior-sampling', '--examples', '4', '--out', 'sampling');
    expect(files).toEqual([
      'prior-sampling.svg',
      'prior-sampling.png',
      'indicator-sampling.svg',
      'indicator-sampling.png',
      'prior-sampling.csv',
      'indicator-sampling.csv',
      'results.json',
      'index.html',
    ]);
    const read = (file: string) => readFile(join(cwd, 'sampling', file));
    expect((await read('prior-sampling.png')).subarray(1, 4).toString()).toBe('PNG');
    expect(await read('index.html').then(String)).toContain('<svg');
    expect(await read('index.html').then(String)).not.toMatch(/(src|href)="http/);
    const lines = (await read('prior-sampling.csv').then(String)).trim().split('\n');
    expect(lines.length).toBe(1 + results['prior-sampling'].length);
    expect(Number(lines[1]!.split(',')[2])).toBe(results['prior-sampling'][0].bias);
  });

  it('the ladder of a run of probabilistic PCA ends at the exact value; its amortisation gap is none', async () => {
    await json('train', 'digits', '--preset', 'ppca', '--latent-dim', '3', '--num-samples', '0', '--out', 'ppca');
    const ladder = await json('lab', 'bounds', 'ppca', '--examples', '20', '--num-samples', '50', '--out', 'bounds');
    const rows = ladder.results.bounds as { bound: string; draws: number; value: number }[];
    const exact = rows.find(({ bound }) => bound === 'exact')!.value;
    expect(rows.find(({ bound, draws }) => bound === 'IWAE' && draws === 50)!.value).toBeCloseTo(exact, 3);
    const gap = await json('lab', 'amortisation', 'ppca', '--examples', '20', '--steps', '20', '--out', 'gap');
    expect(Math.abs(gap.results.amortisation.at(-1).value)).toBeLessThan(0.02);
  });

  it('refuses what it cannot measure, in words', async () => {
    const { code, stderr } = await run('lab', 'bounds', 'nowhere');
    expect([code, stderr.includes('not a run folder')]).toEqual([1, true]);
    expect((await run('lab', 'gradients', '--repeats', '1')).code).toBe(2);
  });
});
