import { createDataset, digits } from 'reparam';
import { describe, expect, it } from 'vitest';
import { foldsOf } from '../../src/experiment/folds.ts';
import { labelSplit } from '../../src/experiment/labelSplit.ts';
import { methods } from '../../src/experiment/methods.ts';
import { planCells, type TableSettings } from '../../src/experiment/plan.ts';
import { splitFiles } from '../../src/experiment/splitFiles.ts';

const data = {
  name: 'toy',
  digest: '0123',
  shape: [28, 28],
  scale: 1 / 255,
  numClasses: 10,
  trainSize: 60_000,
  testSize: 10_000,
  notes: [],
};
const settings: TableSettings = {
  data,
  budget: 100,
  draws: 5,
  methods,
  epochsScale: 1,
  settings: [],
  shareModels: true,
};
const names = (changed: Partial<TableSettings>) => planCells({ ...settings, ...changed }).map(({ name }) => name);
const modelsOf = (changed: Partial<TableSettings>, preset: string) =>
  new Set(
    planCells({ ...settings, ...changed }).flatMap(({ model }) =>
      model?.name.startsWith(`${preset}-`) ? [model.name] : [],
    ),
  );

describe('splits', () => {
  const [train, test] = [digits('train'), digits('test')];

  it('of few labels: equally many of each class, the rest hidden, the test set as it is', () => {
    const split = labelSplit(train, test, 100, 3);
    const counts = new Map<number, number>();
    split.train.labels!.forEach((label, row) => {
      counts.set(label, (counts.get(label) ?? 0) + 1);
      // Each label is in one place: what training sees, or what the figures see.
      expect([label, split.hidden![row]!].sort((a, b) => a - b)).toEqual([-1, train.labels![row]]);
    });
    expect([...counts].filter(([label]) => label >= 0).map(([, count]) => count)).toEqual(Array(10).fill(10));
    expect(split.test).toBe(test);
    expect(labelSplit(train, test, 100, 3).train.labels).toEqual(split.train.labels);
    expect(labelSplit(train, test, 100, 4).train.labels).not.toEqual(split.train.labels);
  });

  it('of all: every image once, 80 to 20, another split for another draw', () => {
    const id = (row: number) => Float32Array.of(row);
    const rows = (from: number, count: number) =>
      createDataset({
        name: 'toy',
        shape: [1],
        data: Float32Array.from({ length: count }, (_, i) => id(from + i)[0]!),
        labels: Int32Array.from({ length: count }, (_, i) => (from + i) % 2),
      });
    const split = labelSplit(rows(0, 60), rows(60, 40), 'all', 1);
    expect([split.train.size, split.test.size, split.hidden]).toEqual([80, 20, undefined]);
    const together = [...split.train.data, ...split.test.data].sort((a, b) => a - b);
    expect(together).toEqual([...Array(100).keys()]);
    split.test.data.forEach((row, i) => {
      expect(split.test.labels![i]).toBe(row % 2);
    });
    expect(labelSplit(rows(0, 60), rows(60, 40), 'all', 2).test.data).not.toEqual(split.test.data);
  });

  it('validation rows: each image is of one part, classes are spread evenly, draws of an image stay together', () => {
    const labels = Int32Array.from({ length: 100 }, (_, i) => i % 10);
    const twice = Int32Array.of(...labels, ...labels);
    const folds = foldsOf(twice, 0, 2);
    expect(folds).toHaveLength(5);
    const times = new Int32Array(100);
    for (const { train, validation } of folds) {
      expect(validation.subarray(0, 100)).toEqual(validation.subarray(100));
      for (let k = 0; k < 10; k++) expect(validation.filter((label) => label === k)).toHaveLength(2 * 2);
      twice.forEach((label, row) => {
        expect([train[row]!, validation[row]!].sort((a, b) => a - b)).toEqual([-1, label]);
        if (row < 100 && validation[row]! >= 0) times[row]!++;
      });
    }
    expect(times).toEqual(new Int32Array(100).fill(1));
    const [only, ...none] = foldsOf(new Int32Array(2000), 0);
    expect([none.length, only!.validation.filter((label) => label === 0).length]).toEqual([0, 200]);
  });
});

describe('cells', () => {
  it('share the models that see no labels, or not, as asked; models that see labels never', () => {
    expect(modelsOf({}, 'ppca').size).toBe(1);
    expect(modelsOf({ shareModels: false }, 'ppca').size).toBe(5);
    // One for all images, and one for the labelled images of each draw.
    expect(modelsOf({}, 'vae').size).toBe(1 + 5);
    expect(modelsOf({ shareModels: false }, 'vae').size).toBe(5 + 5);
    expect(modelsOf({}, 'pc-vae').size).toBe(5);
    // M1+M2 stands on the VAE of M1, not on one of its own.
    const [m1, both] = ['m1', 'm1-m2'].map((name) => planCells(settings).find(({ method }) => method.name === name)!);
    expect(both!.model!.below!.name).toBe(m1!.model!.name);
    expect(both!.model!.train(splitFiles('data', 100, 0), 'lower').join(' ')).toContain('--from lower');
    // With every label the two are the same, once for each split.
    expect(modelsOf({ budget: 'all' }, 'vae').size).toBe(5);
  });

  it('have the keys of few labels where labels are few, which --set may change', () => {
    const keys = (over: Partial<TableSettings>) => {
      const { model } = planCells({ ...settings, ...over }).find(({ method }) => method.name === 'pc-vae')!;
      return model!
        .train(splitFiles('data', over.budget ?? 100, 0))
        .filter((key) => key.startsWith('objective.lambda'));
    };
    expect(keys({})).toEqual(['objective.lambda=0.3']);
    expect(keys({ settings: ['objective.lambda=2'] })).toEqual(['objective.lambda=0.3', 'objective.lambda=2']);
    expect(keys({ budget: 'all' })).toEqual([]);
  });

  it('are named by what they depend on', () => {
    const plain = names({});
    expect(new Set(plain).size).toBe(plain.length);
    expect(names({ draws: 2 })).toEqual(plain.slice(0, 2 * methods.length));
    expect(names({ data: { ...data, digest: '4567' } }).some((name) => plain.includes(name))).toBe(false);
    const shorter = names({ epochsScale: 0.5 });
    const kept = plain.filter((name) => shorter.includes(name)).map((name) => name.split('-')[0]);
    expect(new Set(kept)).toEqual(new Set(['pixels', 'network', 'pca', 'neighbour']));
  });

  it('never name the labels of test images, or the hidden ones, to a training', () => {
    for (const budget of ['all', 100] as const) {
      const files = splitFiles('data', budget, 0);
      for (const { model, method } of planCells({ ...settings, budget })) {
        const args = model?.train(files).join(' ') ?? '';
        expect(args).not.toContain('testLabels');
        expect(args).not.toContain('hiddenLabels');
        expect(args.includes(files.trainLabels)).toBe(method.model?.sees === 'images and labels');
      }
    }
  });
});
