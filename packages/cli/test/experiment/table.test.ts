import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CellResult } from '../../src/experiment/cell.ts';
import { methods } from '../../src/experiment/methods.ts';
import { planCells, type TableSettings } from '../../src/experiment/plan.ts';
import { type CellOutcome, spread, tableRows } from '../../src/experiment/table.ts';
import { csvOf, writeTable } from '../../src/experiment/writeTable.ts';

const data = {
  name: 'toy',
  digest: '0123',
  shape: [8, 8],
  scale: 1,
  numClasses: 10,
  trainSize: 1000,
  testSize: 100,
  notes: [],
};
const settings: TableSettings = {
  data,
  budget: 100,
  draws: 3,
  methods: methods.filter(({ name }) => ['pixels', 'm1', 'neighbour'].includes(name)),
  epochsScale: 1,
  settings: [],
  shareModels: true,
};

const result = (accuracy: number, logLoss?: number): CellResult => ({
  test: { rows: 100, accuracy, ...(logLoss !== undefined && { logLoss }) },
  unlabelled: { rows: 900, accuracy: accuracy / 2 },
  seconds: 60 * accuracy,
  fitting: { strength: 0.01 },
});

/** Three draws of pixels, one of M1 with two failures, and none of the nearest neighbour. */
const outcomes: CellOutcome[] = planCells(settings).map((task) => {
  if (task.method.name === 'pixels') return { task, result: result([0.7, 0.8, 0.9][task.draw]!, task.draw) };
  if (task.method.name === 'neighbour') return { task };
  return task.draw === 0 ? { task, result: result(0.5) } : { task, error: 'no memory, "really"' };
});

describe('figures over draws', () => {
  it('mean and standard error: sample deviation / √n', () => {
    const { mean, standardError, count } = spread([1, 2, 6])!;
    expect([mean, count]).toEqual([3, 3]);
    expect(standardError).toBeCloseTo(Math.sqrt((4 + 1 + 9) / 2 / 3), 12);
    expect(spread([5])).toEqual({ mean: 5, standardError: undefined, count: 1 });
    expect(spread([])).toBeUndefined();
  });

  it('rows are of the cells that are done; errors and missing cells are counted', () => {
    const [pixels, m1, neighbour] = tableRows(outcomes);
    expect(pixels!.figures.accuracy!.mean).toBeCloseTo(0.8, 12);
    expect(pixels!.figures.accuracy!.standardError).toBeCloseTo(0.1 / Math.sqrt(3), 12);
    expect(pixels!.figures.unlabelledAccuracy!.mean).toBeCloseTo(0.4, 12);
    expect(pixels!.figures.logLoss!.mean).toBe(1);
    expect(pixels!.figures.minutes!.mean).toBeCloseTo(0.8, 12);
    expect([m1!.cells, m1!.done, m1!.figures.logLoss]).toEqual([3, 1, undefined]);
    expect(m1!.draws.map(({ error }) => error !== undefined)).toEqual([false, true, true]);
    expect([neighbour!.done, neighbour!.figures]).toEqual([0, {}]);
  });
});

describe('files of a table', () => {
  let folder = '';
  const read = (name: string) => readFile(join(folder, name), 'utf8');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reparam-table-'));
    const rows = tableRows(outcomes);
    await writeTable(folder, { dataset: 'toy', budget: 100, notes: ['A note.'], rows, settings: { draws: 3 } });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('CSV has the numbers as they are, and empty fields where there is none', async () => {
    const [head, pixels, m1, neighbour] = (await read('experiment.csv')).trim().split('\n');
    const columns = head!.split(',');
    const at = (line: string, name: string) => line.split(',')[columns.indexOf(name)];
    expect(Number(at(pixels!, 'accuracy'))).toBeCloseTo(0.8, 12);
    expect(Number(at(pixels!, 'accuracyStandardError'))).toBeCloseTo(0.1 / Math.sqrt(3), 12);
    expect([at(m1!, 'drawsDone'), at(m1!, 'drawsFailed'), at(m1!, 'accuracyStandardError')]).toEqual(['1', '2', '']);
    expect([at(neighbour!, 'drawsDone'), at(neighbour!, 'accuracy')]).toEqual(['0', '']);
    expect(csvOf([{ ...tableRows(outcomes)[0]!, title: 'a "b", c' }])).toContain(',"a ""b"", c",');
  });

  it('Markdown, page and JSON say what is missing and why', async () => {
    const markdown = await read('experiment.md');
    expect(markdown).toContain('| (a) | logistic regression on pixels | 80.0 ± 5.8 |');
    expect(markdown).toContain('| 1 of 3, 2 failed |');
    expect(markdown).toContain('Failed: m1, draw 2: no memory');
    const page = await read('experiment.html');
    for (const text of ['Warning: m1, draw 1: no memory, &#34;really&#34;', 'A note.', '80.0 ± 5.8', 'not run'])
      expect(page).toContain(text);
    const { isComplete, rows } = JSON.parse(await read('experiment.json'));
    expect(isComplete).toBe(false);
    expect(rows[0].draws.map((draw: { result: CellResult }) => draw.result.test.accuracy)).toEqual([0.7, 0.8, 0.9]);
  });

  it('the picture has a bar for each method with a figure, and a line of its error', async () => {
    const svg = await read('experiment.svg');
    expect(svg.match(/<title>(pixels|m1|neighbour): /g)).toEqual(['<title>pixels: ', '<title>m1: ']);
    expect(svg.match(/stroke-width="2"/g)).toHaveLength(1);
    expect((await readFile(join(folder, 'experiment.png'))).subarray(1, 4).toString()).toBe('PNG');
  });
});
