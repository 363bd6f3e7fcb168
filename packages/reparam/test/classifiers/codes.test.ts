import { key, interpreter as runtime } from '@reparam/tensor';
import {
  averageOutcomes,
  codeFeatures,
  createDataset,
  fitOnCodes,
  gaussianLikelihood,
  type LatentModel,
  logisticRegression,
  mlp,
  mostProbable,
  predictLabels,
  probabilityFigures,
  strengthByRows,
  vae,
  withLabelHead,
} from 'reparam';
import { describe, expect, it } from 'vitest';

const log = (values: readonly number[]) => Float32Array.from(values, Math.log);
const logit = (values: readonly number[]) => Float32Array.from(values, (p) => Math.log(p / (1 - p)));

it('averages probabilities of classes, and of labels of yes or no', () => {
  const classes = averageOutcomes([log([0.9, 0.1, 0, 1]), log([0.5, 0.5, 0, 1])], 'categorical');
  expect([...classes.map(Math.exp)].map((p) => p.toFixed(6))).toEqual(['0.700000', '0.300000', '0.000000', '1.000000']);
  const labels = averageOutcomes([logit([0.9, 0.2]), logit([0.5, 0.4])], 'bernoulli');
  logit([0.7, 0.3]).forEach((value, i) => {
    expect(labels[i]).toBeCloseTo(value, 5);
  });
  expect(averageOutcomes([Float32Array.of(-200), Float32Array.of(-200)], 'bernoulli')[0]).toBeCloseTo(-200, 3);
  const one = log([0.3, 0.7]);
  expect(averageOutcomes([one], 'categorical')).toBe(one);
});

/** Rows whose class is where they lie on a line of two dimensions; the last two thirds have no label. */
const rows = 60;
const classOf = (i: number) => i % 3;
const data = Float32Array.from({ length: 2 * rows }, (_, i) => classOf(i >> 1) - 1 + 0.3 * Math.sin(i * 12.9898));
const labels = Int32Array.from({ length: rows }, (_, i) => (i < rows / 3 ? classOf(i) : -1));
const examples = createDataset({ name: 'line', data, shape: [2], labels });
const model = vae({
  dataShape: [2],
  latentDim: 2,
  encoder: mlp([8]),
  decoder: mlp([8]),
  likelihood: gaussianLikelihood({ scale: 1 }),
});
const params = model.init(key(1));

describe('a classifier of codes', () => {
  it('is fitted to codes of labelled examples alone, by choice to means or samples', async () => {
    const means = await codeFeatures(model, params, examples, { runtime });
    const samples = await codeFeatures(model, params, examples, { runtime, codes: 'sample' });
    const others = await codeFeatures(model, params, examples, { runtime, codes: 'sample', draw: 1 });
    expect([means.rows, means.columns]).toEqual([rows, 2]);
    expect([samples.data, others.data].map((each) => each.every((value, i) => value !== means.data[i]))).toEqual([
      true,
      true,
    ]);
    expect(samples.data).not.toEqual(others.data);
    const classifier = logisticRegression({ strength: 1e-3 });
    const fitted = await fitOnCodes(model, params, examples, classifier, { numClasses: 3, runtime });
    const byHand = await classifier.fit(means, labels, { numClasses: 3, runtime });
    expect(fitted.figures.rows).toBe(rows / 3);
    const scores = await fitted.scores(means);
    (await byHand.scores(means)).forEach((score, i) => {
      expect(scores[i]).toBeCloseTo(score, 3);
    });
    const none = { ...examples, labels: new Int32Array(rows).fill(-1) };
    await expect(fitOnCodes(model, params, none, classifier, { numClasses: 3, runtime })).rejects.toThrow(
      /no example has a label/,
    );
  });

  it('chooses its strength by held rows, and fits to the others alone', async () => {
    const features = { data, rows, columns: 2 };
    const truth = Int32Array.from({ length: rows }, (_, i) => classOf(i));
    const train = truth.map((label, i) => (i < 20 ? label : -1));
    const held = truth.map((label, i) => (i < 40 ? -1 : label));
    const strengths = [10, 1e-1, 1e-2];
    const options = { numClasses: 3, runtime };
    const losses: number[] = [];
    const all = await Promise.all(
      strengths.map((strength) => logisticRegression({ strength }).fit(features, train, options)),
    );
    for (const each of all) losses.push(probabilityFigures(await each.scores(features), held, 3).logLoss.value);
    const best = losses.indexOf(Math.min(...losses));
    const validation = { features, labels: held };
    const chosen = strengthByRows(logisticRegression, { strengths });
    const fitted = await chosen.fit(features, train, { ...options, validation });
    expect(fitted.figures.strength).toBe(strengths[best]);
    expect(fitted.figures.badness).toBeCloseTo(losses[best]!, 6);
    expect(fitted.params).toEqual(all[best]!.params);
    expect(await chosen.restore(fitted.params, { runtime }).predict(features)).toEqual(await fitted.predict(features));
  });

  it('or by cross-validation: the mean over parts of what each is worth to a fit without it', async () => {
    const features = { data: data.slice(0, 12), rows: 6, columns: 2 };
    const own = Int32Array.of(0, 1, 2, 0, 1, 2);
    const options = { numClasses: 3, runtime, seed: 4 };
    const fitted = await strengthByRows(logisticRegression, { strengths: [0.05], folds: 6 }).fit(
      features,
      own,
      options,
    );
    let sum = 0;
    for (let row = 0; row < 6; row++) {
      const without = own.map((label, i) => (i === row ? -1 : label));
      const other = await logisticRegression({ strength: 0.05 }).fit(features, without, options);
      const alone = own.map((label, i) => (i === row ? label : -1));
      sum += probabilityFigures(await other.scores(features), alone, 3).logLoss.value / 6;
    }
    expect([fitted.figures.folds, fitted.figures.rows]).toEqual([6, 6]);
    expect(fitted.figures.badness).toBeCloseTo(sum, 4);
  });
});

describe('labels that a model predicts', () => {
  const head: LatentModel = withLabelHead(model, { numLabels: 3, numSamples: 4 });
  const own = head.init(key(2));

  it('are the same whatever labels the examples have, and means over draws', async () => {
    const one = await predictLabels(head, own, examples, { runtime });
    const bare = createDataset({ name: 'bare', data, shape: [2] });
    expect(await predictLabels(head, own, bare, { runtime })).toEqual(one);
    expect(one.shape).toEqual([rows, 3]);
    const two = await predictLabels(head, own, examples, { runtime, numSamples: 2 });
    for (let row = 0; row < rows; row++) {
      const sum = [...two.data.slice(3 * row, 3 * row + 3)].reduce((total, value) => total + Math.exp(value), 0);
      expect(sum).toBeCloseTo(1, 5);
    }
    expect(two.data).not.toEqual(one.data);
    expect(mostProbable(two.data, 3).length).toBe(rows);
  });

  it('there are none of a plain model', async () => {
    await expect(predictLabels(model, params, examples, { runtime })).rejects.toThrow(/predicts no labels.*fitOnCodes/);
  });
});
