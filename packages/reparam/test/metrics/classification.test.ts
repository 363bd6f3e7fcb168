import { binaryLabelFigures, classificationFigures, probabilityFigures } from 'reparam';
import { expect, test } from 'vitest';

const logs = (rows: number[][]) => Float64Array.from(rows.flat(), Math.log);

test('accuracy, confusion and classes of predictions, without the rows that have no label', () => {
  const labels = Int32Array.of(0, 0, 1, 2, -1, 2);
  const found = classificationFigures(Int32Array.of(0, 1, 1, 0, 2, 2), labels, 4);
  expect(found.rows).toBe(5);
  expect(found.accuracy.value).toBeCloseTo(3 / 5, 12);
  // Sample deviation of 1, 0, 1, 0, 1 is √(1.2/4); over √5.
  expect(found.accuracy.standardError).toBeCloseTo(Math.sqrt(1.2 / 4 / 5), 12);
  expect([...found.confusion]).toEqual([1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
  expect([...found.classAccuracy]).toEqual([1 / 2, 1, 1 / 2, Number.NaN]);
});

test('log-loss and calibration error of probabilities by hand', () => {
  const probabilities = [
    [0.9, 0.1],
    [0.8, 0.2],
    [0.35, 0.65],
    [0.4, 0.6],
    [0.5, 0.5],
    [0.02, 0.98],
  ];
  const labels = Int32Array.of(0, 1, 1, 0, 0, -1);
  const figures = probabilityFigures(logs(probabilities), labels, 2, 4);
  expect(figures.logLoss.value).toBeCloseTo(-Math.log(0.9 * 0.2 * 0.65 * 0.4 * 0.5) / 5, 12);
  expect(figures.accuracy.value).toBeCloseTo(3 / 5, 12);
  // (¾, 1]: 0.9 right, 0.8 wrong; (½, ¾]: 0.65 right, 0.6 wrong; (¼, ½]: 0.5 right.
  const error = (Math.abs(1 - 1.7) + Math.abs(1 - 1.25) + Math.abs(1 - 0.5)) / 5;
  expect(figures.calibrationError).toBeCloseTo(error, 12);
  // One bin: 3 right of 5, mean probability 3.45 / 5.
  expect(probabilityFigures(logs(probabilities), labels, 2, 1).calibrationError).toBeCloseTo(0.45 / 5, 12);
});

test('labels of yes or no: entries that are missing are in no figure', () => {
  const logits = Float64Array.of(2, -1, 0.5, -3, 1, 1);
  const labels = [1, 1, -1, 0, -1, -1];
  const figures = binaryLabelFigures(logits, labels, 2);
  const loss = (logit: number, label: number) => -Math.log(1 / (1 + Math.exp(label ? -logit : logit)));
  expect(figures.rows).toBe(2);
  expect(figures.accuracy.value).toBeCloseTo((1 / 2 + 1) / 2, 12);
  expect([...figures.labelAccuracy]).toEqual([1, 1 / 2]);
  expect(figures.logLoss.value).toBeCloseTo(((loss(2, 1) + loss(-1, 1)) / 2 + loss(-3, 0)) / 2, 12);
});

test('refuses what does not fit', () => {
  expect(() => classificationFigures(Int32Array.of(0), Int32Array.of(0, 1), 2)).toThrow('do not match the labels');
  expect(() => classificationFigures(Int32Array.of(0), Int32Array.of(-1), 2)).toThrow('no row has a label');
  expect(() => classificationFigures(Int32Array.of(3), Int32Array.of(1), 2)).toThrow('no such class as a prediction');
});
