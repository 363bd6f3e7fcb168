import { nodeRuntime } from '@reparam/tensor/node';
import {
  type Classifier,
  classificationFigures,
  digits,
  type LabelledFeatures,
  labelledFeaturesOf,
  linearSvm,
  logisticRegression,
  probabilityFigures,
  splitValidation,
  strengthByRows,
  take,
} from 'reparam';
import { expect, test } from 'vitest';

const { train, validation } = splitValidation(digits(), 297, 3);
const few = labelledFeaturesOf(take(train, 120));
const held = labelledFeaturesOf(validation);

test('the least log-loss on the validation rows, then a fit to the rows of both', async () => {
  const options = { numClasses: 10, runtime: await nodeRuntime({ threads: 1 }) };
  const seen: LabelledFeatures[] = [];
  const family = ({ strength = 1 }): Classifier => {
    const classifier = logisticRegression({ strength });
    return {
      ...classifier,
      fit: (features, labels, given) => {
        seen.push({ features, labels });
        return classifier.fit(features, labels, given);
      },
    };
  };
  const grid = [1, 1e-3, 1e-7];
  const shares: number[] = [];
  const chosen = await strengthByRows(family, { strengths: grid, fitsToValidation: true }).fit(
    few.features,
    few.labels,
    {
      ...options,
      validation: held,
      onProgress: (s) => shares.push(s),
    },
  );
  const losses: number[] = [];
  for (const strength of grid) {
    const alone = await logisticRegression({ strength }).fit(few.features, few.labels, options);
    losses.push(probabilityFigures(await alone.scores(held.features), held.labels, 10).logLoss.value);
  }
  expect(chosen.figures.badness).toBeCloseTo(Math.min(...losses), 10);
  // Strong and weak penalties both lose on so few rows.
  expect(losses.indexOf(Math.min(...losses))).toBe(1);
  expect(seen.map(({ labels }) => labels.length)).toEqual([120, 120, 120, 120 + 297]);
  expect(seen.at(-1)!.labels.subarray(120)).toEqual(held.labels);
  expect(seen.at(-1)!.features.data.subarray(120 * 64)).toEqual(held.features.data);
  expect(chosen.figures).toMatchObject({ rows: 417, strength: 1e-3 });
  expect(shares.every((share, i) => share <= 1 && (i === 0 || share >= shares[i - 1]!))).toBe(true);
});

test('without probabilities: the highest accuracy, the first of equals', async () => {
  const options = { numClasses: 10, runtime: await nodeRuntime({ threads: 1 }) };
  const strengths = [1, 0.1, 0.01];
  const accuracies: number[] = [];
  for (const strength of strengths) {
    const alone = await linearSvm({ strength }).fit(few.features, few.labels, options);
    const found = await alone.predict(held.features);
    accuracies.push(classificationFigures(found, held.labels, 10).accuracy.value);
  }
  const best = Math.max(...accuracies);
  const twice = strengths.flatMap((strength) => [strength, strength]);
  const { figures } = await strengthByRows(linearSvm, { strengths: twice }).fit(few.features, few.labels, {
    ...options,
    validation: held,
  });
  expect(figures.badness).toBe(-best);
  expect(figures.strength).toBe(strengths[accuracies.indexOf(best)]);
  expect(() => strengthByRows(linearSvm, { strengths: [] })).toThrow('no strengths to choose from');
});

test('folds of one’s own, and a search that ends where it gets worse', async () => {
  const options = { numClasses: 10, runtime: await nodeRuntime({ threads: 1 }), seed: 7 };
  const tried: number[] = [];
  const family = ({ strength = 1 }): Classifier => {
    tried.push(strength);
    return logisticRegression({ strength });
  };
  const halves = (labels: Int32Array, seed: number) => {
    expect([labels.length, seed]).toEqual([120, 7]);
    const of = (parity: number) => labels.map((label, row) => (row % 2 === parity ? label : -1));
    return [{ train: of(0), validation: of(1) }];
  };
  const strengths = [1, 1e-1, 10, 1e-2];
  const chosen = strengthByRows(family, { strengths, folds: halves, untilWorse: true });
  tried.length = 0;
  const { figures } = await chosen.fit(few.features, few.labels, options);
  // 10 is worse than 0.1: 0.01 is not tried.
  expect(tried).toEqual([1, 1e-1, 10, 1e-1]);
  expect(figures).toMatchObject({ folds: 1, rows: 120 });
});
