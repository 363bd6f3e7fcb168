import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reparam, testFolder } from '../command.ts';

const folder = testFolder();
const args = [
  'experiment',
  'labels',
  '--dataset',
  'digits',
  '--seeds',
  '2',
  '--only',
  'neighbour,pca',
  '--out',
  'table',
];
const run = (...more: string[]) => reparam([...args, ...more], { cwd: folder.path });
const read = (name: string) => readFile(join(folder.path, 'table', name), 'utf8');
const begun = (stderr: string) => stderr.match(/^\[\d\/4\] [^,]+, (draw \d|for all draws)/gm) ?? [];

describe('experiment labels', () => {
  it('goes on where it was killed, and runs nothing twice', async () => {
    const planned = JSON.parse((await run('--dry-run', '--json')).stdout);
    expect(planned.cells.map(({ method, draw }: Record<string, unknown>) => `${method} ${draw}`)).toEqual([
      ...['pca 0', 'neighbour 0', 'pca 1', 'neighbour 1'],
    ]);
    expect([planned.done, await readdir(folder.path)]).toEqual([0, []]);

    const killed = await reparam(args, {
      cwd: folder.path,
      onStderr: (child, soFar) => {
        if (soFar.includes('[2/4]')) child.kill('SIGKILL');
      },
    });
    expect(killed.signal).toBe('SIGKILL');
    const before = begun(killed.stderr);
    expect(before.slice(0, 3)).toEqual([
      '[0/4] training ppca, for all draws',
      '[0/4] pca, draw 0',
      '[1/4] neighbour, draw 0',
    ]);
    const partial = JSON.parse(await read('experiment.json'));
    expect([partial.isComplete, partial.rows[0].done, partial.rows[1].done]).toEqual([false, 1, 1]);
    expect(await read('experiment.md')).toContain('| 1 of 2 |');

    const rest = await run('--json');
    expect(rest.code).toBe(0);
    expect(begun(rest.stderr)).toEqual(['[2/4] pca, draw 1', '[3/4] neighbour, draw 1']);
    const { rows } = JSON.parse(rest.stdout);
    const stored = JSON.parse(await read('experiment.json'));
    expect([stored.isComplete, stored.rows]).toEqual([true, rows]);
    const accuracies = rows[1].draws.map(
      (draw: { result: { test: { accuracy: number } } }) => draw.result.test.accuracy,
    );
    expect(rows[1].figures.accuracy.mean).toBeCloseTo((accuracies[0] + accuracies[1]) / 2, 12);
    expect(rows[1].figures.accuracy.mean).toBeGreaterThan(0.75);
    expect(rows[0].draws[0].result.unlabelled.rows).toBe(1400);

    const again = await run();
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(again.stdout).toContain('1-nearest neighbour on pixels');
    expect(JSON.parse(await read('experiment.json')).rows).toEqual(rows);
  }, 300_000);

  it('a cell that fails is in the table with its reason, and the others are filled', async () => {
    const more = ['--only', 'neighbour,vae', '--seeds', '1', '--set', 'model.latentDim=0', '--json', '--quiet'];
    const { code, stdout, stderr } = await run(...more);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^failed: vae, draw 0: .*latentDim/);
    const { rows } = JSON.parse(stdout);
    expect(rows.map(({ method, done }: Record<string, unknown>) => [method, done])).toEqual([
      ['vae', 0],
      ['neighbour', 1],
    ]);
    expect(await read('experiment.html')).toContain('latentDim');
  }, 300_000);

  it.each([
    [['--only', 'neighbor'], /neighbour/],
    [['--labels', '101'], /multiple of 10/],
    [['--epochs-scale', '0'], /above 0/],
  ])('%j is a usage error', async (more, message) => {
    const { code, stderr } = await run(...more);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('lists its methods, and has an example', async () => {
    const { code, stdout } = await reparam(['experiment', 'labels', '--help'], { cwd: folder.path });
    expect(code).toBe(0);
    for (const text of ['(a)  pixels ', '--json', '$ reparam experiment labels --dataset mnist'])
      expect(stdout).toContain(text);
  });
});
