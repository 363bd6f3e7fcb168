import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hostTensor } from '@reparam/tensor';
import { digits, parseCsv, parseNpy, permutation, writeNpy } from 'reparam';
import { readSafetensors } from 'reparam/io';
import { beforeAll, describe, expect, it } from 'vitest';
import { inProcess, reparam, testFolder } from './command.ts';

type Json = Record<string, unknown> & { test: Record<string, unknown>; classification: Figures };
interface Figures {
  readonly accuracy: number;
  readonly accuracyStandardError: number;
  readonly logLoss?: number;
  readonly calibrationError?: number;
  readonly confusion: number[][];
}

const folder = testFolder();
const at = (...names: string[]) => join(folder.path, ...names);
const run = (...args: string[]) => inProcess(args);
async function json(...args: string[]): Promise<Json> {
  const { code, stdout, stderr } = await run(...args, '--json', '-q');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}
const classification = ({ test }: Json): Figures => test.classification as Figures;
const bytes = (...names: string[]) => readFile(at(...names));
const tiny = ['--epochs', '2', '--latent-dim', '5', '--set', 'model.hidden=[32]', '--num-samples', '0'];

beforeAll(async () => {
  for (const split of ['train', 'test'] as const) {
    const { data, labels, size: rows } = digits(split);
    await writeFile(at(`${split}.npy`), writeNpy(hostTensor(data, [rows, 64])));
    await writeFile(at(`${split}Labels.npy`), writeNpy(hostTensor(labels!, [rows])));
    const shuffled = permutation(rows, 1, 'shuffled').map((row) => labels![row]!);
    await writeFile(at(`${split}Shuffled.npy`), writeNpy(hostTensor(shuffled, [rows])));
    // Two labels of yes or no: odd, and at least 5; every other training row has none.
    const both = Int32Array.from({ length: 2 * rows }, (_, i) => {
      const [label, isKnown] = [labels![i >> 1]!, split === 'test' || (i >> 1) % 2 === 0];
      return isKnown ? (i % 2 === 0 ? label % 2 : Number(label >= 5)) : -1;
    });
    await writeFile(at(`${split}Both.npy`), writeNpy(hostTensor(both, [rows, 2])));
  }
  const few = digits('train').labels!.map((label, row) => (row < 100 ? label : -1));
  await writeFile(at('few.npy'), writeNpy(hostTensor(few, [few.length])));
});
/** Digits as vectors in files: a run of them draws no pictures. */
const files = (labels = 'trainLabels.npy', testLabels = 'testLabels.npy') => [
  ...['train', at('train.npy'), '--labels', at(labels), '--set', 'data.scale=0.0625'],
  ...['--set', `data.testFile=${at('test.npy')}`, '--set', `data.testLabels=${at(testLabels)}`],
];

describe('m1', () => {
  let trained: Json;
  const place = () => at('m1');
  beforeAll(async () => {
    trained = await json('train', 'digits', '--preset', 'm1', '--labels', '100', ...tiny, '--out', place());
  });

  it('keeps a balanced draw of labels, and says how they were used', async () => {
    const { data, classifier } = JSON.parse(String(await bytes('m1', 'config.json')));
    expect([data.labels, data.labelSeed, classifier.numClasses, classifier.codes]).toEqual([100, 0, 10, 'mean']);
    const { metadata, tensors } = readSafetensors(await bytes('m1', 'classifier.safetensors'));
    expect(JSON.parse(metadata.facts!)).toMatchObject({ rows: 100, strengthChosenBy: 'cross-validation' });
    expect(tensors.weights!.shape).toEqual([10, 5]);
    const given = ['--set', 'classifier.strength=0.01', '--validation', '200'];
    await json(...files(), '--preset', 'm1', ...tiny, ...given, '--out', at('given'));
    const other = readSafetensors(await bytes('given', 'classifier.safetensors'));
    expect(JSON.parse(other.metadata.facts!)).toEqual({ rows: 1300, strength: 0.01, strengthChosenBy: 'given' });
  });

  it('measures the labels of the test set: train, evaluate, show and report tell the same', async () => {
    const figures = classification(trained);
    const total = figures.confusion.flat().reduce((a, b) => a + b, 0);
    const right = figures.confusion.reduce((sum, row, k) => sum + row[k]!, 0);
    expect([total, right / total]).toEqual([297, expect.closeTo(figures.accuracy, 9)]);
    expect(figures.accuracy).toBeGreaterThan(0.25);
    expect(figures.logLoss).toBeGreaterThan(0);
    expect((await json('evaluate', place())).test).toEqual(trained.test);
    const percent = (100 * figures.accuracy).toFixed(1);
    expect((await run('show', place())).stdout).toMatch(new RegExp(`test accuracy +${percent} ± [\\d.]+ %`));
    const report = String(await bytes('m1', 'report.html'));
    for (const text of ['Confusion matrix', 'most taken for', 'Calibration error']) expect(report).toContain(text);
  });

  it('goes on between its two stages to the same bits, and is then complete', async () => {
    const fitted = await bytes('m1', 'classifier.safetensors');
    for (const file of ['classifier.safetensors', 'evaluation.json', 'report.html']) await rm(at('m1', file));
    expect((await run('classify', place())).stderr).toMatch(/not fitted yet.*reparam resume/);
    expect((await json('resume', place())).test).toEqual(trained.test);
    expect(await bytes('m1', 'classifier.safetensors')).toEqual(fitted);
    expect((await run('resume', place())).stderr).toContain('is complete');
  });

  it('classify writes what was predicted, as CSV and npy', async () => {
    const found = await json('classify', place());
    expect(found.classification).toEqual(classification(trained));
    const text = await bytes('m1', 'predictions.csv');
    expect(String(text).split('\n')[0]).toBe(`predicted,label,${[...Array(10).keys()].map((k) => `p_${k}`)}`);
    const { data, labels } = parseCsv(text, { labelColumn: 'label' });
    expect([...labels!]).toEqual([...digits('test').labels!]);
    const rows = Array.from(labels!, (_, row) => [...data.slice(11 * row, 11 * row + 11)]);
    for (const [predicted, ...p] of rows) {
      expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
      expect(p[predicted!]).toBe(Math.max(...p));
    }
    const right = rows.filter(([predicted], row) => predicted === labels![row]).length;
    expect(right / rows.length).toBeCloseTo(classification(trained).accuracy, 9);
    await json('classify', place(), '--out', at('p.npy'));
    const array = parseNpy(await bytes('p.npy'), 'p.npy');
    expect(array.shape).toEqual([297, 10]);
    expect(array.data[3]).toBeCloseTo(rows[0]![4]!, 6);
  });

  it('probe tells what codes of any run are worth, by the same classifier', async () => {
    const { classification: found } = await json('probe', place(), '--labels', '100', '--threads', '1');
    expect(found).toEqual(classification(trained));
    const { code, stderr } = await run('probe', place(), '--labels', '7');
    expect([code, stderr]).toEqual([2, expect.stringContaining('a multiple of 10')]);
  });

  it('averages the probabilities of several draws of a sampled code; a linear SVM has margins', async () => {
    const set = ['--set', 'classifier.codes=sample'];
    await json(...files(), '--preset', 'm1', ...tiny, ...set, '--validation', '200', '--out', at('sampled'));
    const { metadata } = readSafetensors(await bytes('sampled', 'classifier.safetensors'));
    expect(JSON.parse(metadata.facts!)).toMatchObject({ rows: 1300, strengthChosenBy: 'validation' });
    const logLoss = async (draws: string) =>
      (await json('classify', at('sampled'), '--num-samples', draws)).classification.logLoss!;
    expect(await logLoss('30')).toBeLessThan(await logLoss('1'));
    const svm = ['--set', 'classifier={"kind":"linear-svm","strength":0.01}'];
    const { test } = await json(...files(), ...tiny, ...svm, '--out', at('svm'));
    expect(test.classification).not.toHaveProperty('logLoss');
    await json('classify', at('svm'));
    expect(String(await bytes('svm', 'predictions.csv'))).toMatch(/^predicted,label,score_0,/);
  });
});

describe('labels in files', () => {
  it.each([
    ['m1', ['--preset', 'm1', '--validation', '100'], 'classifier.safetensors'],
    ['m2', ['--preset', 'm2', '--validation', '100'], 'checkpoint.safetensors'],
    ['cpc-vae', ['--preset', 'cpc-vae'], 'checkpoint.safetensors'],
  ])('%s: labels of the test set are in no way part of training', async (name, options, file) => {
    const args = (testLabels: string) => [...files('few.npy', testLabels), ...options, ...tiny];
    const honest = await json(...args('testLabels.npy'), '--out', at(`${name}Honest`));
    const shuffled = await json(...args('testShuffled.npy'), '--out', at(`${name}Shuffled`));
    for (const each of ['model.safetensors', file]) {
      const [own, other] = await Promise.all([bytes(`${name}Honest`, each), bytes(`${name}Shuffled`, each)]);
      expect(readSafetensors(own).tensors).toEqual(readSafetensors(other).tensors);
    }
    expect(classification(honest)).not.toEqual(classification(shuffled));
    expect((await json('classify', at(`${name}Honest`), '--dataset', at('test.npy'), '--split', 'all')).rows).toBe(297);
  });

  it('a training on few labels that is killed goes on to the same bits', async () => {
    const args = [...files('few.npy'), '--preset', 'pc-vae', ...tiny, '--epochs', '6'];
    await json(...args, '--out', at('whole'));
    const { code } = await reparam([...args, '--out', at('killed')], {
      cwd: folder.path,
      onStderr: (child, soFar) => {
        if (soFar.includes('epoch 3/6')) child.kill('SIGKILL');
      },
    });
    // A training quicker than the kill is complete: take its end away.
    if (code === 0) await rm(at('killed', 'evaluation.json'));
    const { test } = await json('resume', at('killed'));
    expect(test).toEqual((await json('evaluate', at('whole'))).test);
    expect(await bytes('killed', 'model.safetensors')).toEqual(await bytes('whole', 'model.safetensors'));
  });

  it('labels of yes or no, of some examples: trained on, measured and written', async () => {
    const objective = ['--set', 'objective={"kind":"prediction-constrained"}', '--set', 'model.labels.kind=bernoulli'];
    const { test } = await json(...files('trainBoth.npy', 'testBoth.npy'), ...objective, ...tiny, '--out', at('both'));
    expect(test.classification).toMatchObject({ kind: 'bernoulli', numLabelled: 297 });
    expect((test.classification as Figures).accuracy).toBeGreaterThan(0.55);
    expect((await json('evaluate', at('both'))).test).toEqual(test);
    await json('classify', at('both'));
    const [head, first] = String(await bytes('both', 'predictions.csv')).split('\n');
    expect(head).toBe('predicted_0,predicted_1,label_0,label_1,p_0,p_1');
    expect(first).toMatch(/^[01],[01],1,0,0\.\d+,0\.\d+$/);
  });

  it.each([
    ['too many for a class', ['digits', '--labels', '10000'], 1, /class 0 has too few labels.*got \d+, expected 1000/],
    ['a count that is no multiple', ['digits', '--labels', '101'], 2, /got 101 labels, expected a multiple of 10/],
    ['none', ['digits', '--labels', '0'], 2, /data\.labels: got 0/],
    ['a file for a named set', ['digits', '--labels', 'l.npy'], 2, /digits has labels of its own/],
    ['a set without labels', ['bare.npy', '--preset', 'm1'], 1, /no labels.*bare\.npy/],
    ['a draw from none', ['bare.npy', '--labels', '10'], 1, /no labels.*bare\.npy/],
    [
      'one class',
      ['bare.npy', '--preset', 'm1', '--labels', 'one.csv'],
      1,
      /two classes or more.*got 1 class, 2 labels/,
    ],
    ['a wrong length', ['bare.npy', '--labels', 'long.csv'], 1, /got 5 labels, expected 4/],
    ['strange values', ['bare.npy', '--labels', 'strange.csv'], 1, /label of row 1 is not a class number.*got 1\.5/],
  ])('refuses %s', async (_, [dataset, ...args], expectedCode, message) => {
    await writeFile(at('bare.npy'), writeNpy(hostTensor(Uint8Array.of(0, 1, 1, 0), [4, 1])));
    await writeFile(at('one.csv'), '0\n0\n\n0\n');
    await writeFile(at('long.csv'), '0\n1\n0\n1\n1\n');
    await writeFile(at('strange.csv'), '0\n1.5\n0\n1\n');
    const placed = args.map((arg) => (arg.endsWith('.csv') ? at(arg) : arg));
    const { code, stderr } = await run(
      'train',
      dataset === 'digits' ? dataset : at(dataset!),
      ...placed,
      '--out',
      at('no'),
    );
    expect(stderr).toMatch(message);
    expect(code).toBe(expectedCode);
  });

  it('a run without predictions says what would have some', async () => {
    await json(...files(), ...tiny, '--out', at('plain'));
    const { code, stderr } = await run('classify', at('plain'));
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/predicts no labels.*reparam train .*train\.npy --preset m1/),
    ]);
  });
});
