import { nodeRuntime } from '@reparam/tensor/node';
import {
  type Classifier,
  chooseStrength,
  digits,
  type LabelledFeatures,
  labelledFeaturesOf,
  linearSvm,
  logisticRegression,
  probabilityFigures,
  splitValidation,
  take,
} from 'reparam';
import { expect, test } from 'vitest';

const { train, validation } = splitValidation(digits(), 297, 3);
const few = labelledFeaturesOf(take(train, 120));
const held = labelledFeaturesOf(validation);

test('the least log-loss on the validation rows, then a fit to the rows of both', async () => {
  const options = { numClasses: 10, runtime: await nodeRuntime({ threads: 1 }) };
  const seen: LabelledFeatures[] = [];
  const family = (strength: number): Classifier => {
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
  const chosen = await chooseStrength(family, grid, few, held, { ...options, onProgress: (s) => shares.push(s) });
  const losses = chosen.trials.map(({ logLoss }) => logLoss!);
  expect(chosen.trials.map(({ strength }) => strength)).toEqual(grid);
  for (const [i, strength] of grid.entries()) {
    const alone = await logisticRegression({ strength }).fit(few.features, few.labels, options);
    const { logLoss } = probabilityFigures(await alone.scores(held.features), held.labels, 10);
    expect(losses[i]).toBeCloseTo(logLoss.value, 10);
  }
  expect(Math.min(...losses)).toBe(losses[grid.indexOf(chosen.strength)]);
  // Strong and weak penalties both lose on so few rows.
  expect(chosen.strength).toBe(1e-3);
  expect(seen.map(({ labels }) => labels.length)).toEqual([120, 120, 120, 120 + 297]);
  expect(seen.at(-1)!.labels.subarray(120)).toEqual(held.labels);
  expect(seen.at(-1)!.features.data.subarray(120 * 64)).toEqual(held.features.data);
  expect(chosen.fitted.figures).toMatchObject({ rows: 417, strength: 1e-3 });
  expect(shares.every((share, i) => share <= 1 && (i === 0 || share >= shares[i - 1]!))).toBe(true);
});

test('without probabilities: the highest accuracy, the first of equals', async () => {
  const options = { numClasses: 10, runtime: await nodeRuntime({ threads: 1 }) };
  const svm = (strength: number) => linearSvm({ strength });
  const { strength, trials } = await chooseStrength(svm, [1, 0.1, 0.1], few, held, options);
  const best = Math.max(...trials.map(({ accuracy }) => accuracy));
  expect(strength).toBe(trials.find(({ accuracy }) => accuracy === best)!.strength);
  expect(trials.every(({ logLoss }) => logLoss === undefined)).toBe(true);
  await expect(chooseStrength(svm, [], few, held, options)).rejects.toThrow('no strengths to choose from');
});
