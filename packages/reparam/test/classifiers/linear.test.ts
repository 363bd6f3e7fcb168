import { readFileSync } from 'node:fs';
import { interpreter, type Runtime } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { Matrix, solve } from 'ml-matrix';
import { type Features, type FittedClassifier, linearSvm, logisticRegression } from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';
import { crossEntropy, linearLoss, squaredHinge } from '../../src/classifiers/linearLoss.ts';

const [rows, columns, numClasses] = [90, 5, 3];
/** The data of fixtures/makeReference.py. */
const data = Float32Array.from({ length: rows * columns }, (_, at) => {
  const [i, j] = [Math.floor(at / columns), at % columns];
  return Math.sin(1 + 12.9898 * i + 78.233 * j) + 0.8 * Math.cos((i % numClasses) * (j + 1)) + 0.3;
});
const labels = Int32Array.from({ length: rows }, (_, i) => i % numClasses);
const features: Features = { data, rows, columns };
type Numbers = { weights: number[][]; bias: number[]; logProbs: number[][] };
const reference: { firstRow: number[]; fits: Record<string, { logistic: Numbers; svm: Numbers }> } = JSON.parse(
  readFileSync(new URL('fixtures/reference.json', import.meta.url), 'utf8'),
);

let runtime: Runtime;
beforeAll(async () => {
  runtime = await nodeRuntime({ threads: 1 });
});
const options = () => ({ numClasses, runtime });
const valuesOf = ({ params }: FittedClassifier, name: string) =>
  Array.from((params[name] as { data: Float32Array }).data);

/** Largest difference of two lists of one length. */
const farthest = (a: readonly number[], b: readonly number[]): number => {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
};

test('value and gradient of both losses: finite differences, for bytes with a scale', async () => {
  const set = { data: Uint8Array.from({ length: 280 }, (_, i) => (37 * i) % 251), rows: 70, columns: 4, scale: 1 / 64 };
  const own = Int32Array.from({ length: set.rows }, (_, i) => (i * i) % 3);
  for (const loss of [crossEntropy, squaredHinge]) {
    const { evaluate, dispose } = await linearLoss({ features: set, labels: own }, 3, loss, interpreter);
    const start = Float64Array.from({ length: 15 }, (_, i) => ((i % 7) - 3) / 8);
    const { gradient } = await evaluate(start);
    const h = 2 ** -10;
    for (let at = 0; at < start.length; at++) {
      const moved = (by: number) => start.map((v, i) => (i === at ? v + by : v));
      const slope = ((await evaluate(moved(h))).value - (await evaluate(moved(-h))).value) / (2 * h);
      expect(Math.abs(gradient[at]! - slope)).toBeLessThan(2e-5 * (1 + Math.abs(slope)));
    }
    await dispose();
  }
});

test('rows in many chunks, the last one padded, are the mean of their parts', async () => {
  // So wide that a chunk is sixteen rows: a full call of chunks, another one, and a rest.
  const [wide, split] = [32_768, 101];
  const all = { data: new Float32Array(277 * wide), rows: 277, columns: wide };
  for (let i = 0; i < all.data.length; i += 97) all.data[i] = Math.sin(i);
  const own = Int32Array.from({ length: all.rows }, (_, i) => i % 2);
  const point = Float64Array.from({ length: 2 * (wide + 1) }, (_, i) => Math.cos(i) / 8);
  const part = async (from: number, to: number) => {
    const some = { ...all, data: all.data.subarray(from * wide, to * wide), rows: to - from };
    const loss = await linearLoss({ features: some, labels: own.subarray(from, to) }, 2, crossEntropy, runtime);
    return loss.evaluate(point).finally(() => loss.dispose());
  };
  const [whole, first, rest] = [await part(0, 277), await part(0, split), await part(split, 277)];
  const mean = (a: number, b: number) => (split * a + (277 - split) * b) / 277;
  expect(whole.value).toBeCloseTo(mean(first.value, rest.value), 6);
  const expected = first.gradient.map((value, i) => mean(value, rest.gradient[i]!));
  expect(farthest([...whole.gradient], [...expected])).toBeLessThan(1e-7);
});

describe('logistic regression', () => {
  test.each([0.1, 0.001])('strength %s: weights, intercepts and probabilities of scikit-learn', async (strength) => {
    expect(farthest(reference.firstRow, [...data.subarray(0, columns)])).toBeLessThan(1e-6);
    const { logistic } = reference.fits[String(strength)]!;
    const fitted = await logisticRegression({ strength, tolerance: 1e-6 }).fit(features, labels, options());
    expect(fitted.figures.converged).toBe(1);
    expect(farthest(valuesOf(fitted, 'weights'), logistic.weights.flat())).toBeLessThan(2e-3);
    expect(farthest(valuesOf(fitted, 'bias'), logistic.bias)).toBeLessThan(2e-3);
    const found = await fitted.scores({ data: data.subarray(0, 4 * columns), rows: 4, columns });
    expect(farthest([...found], logistic.logProbs.flat())).toBeLessThan(3e-3);
  });

  test('the objective is the least: the one that Newton’s method finds in double precision', async () => {
    const strength = 0.01;
    const least = newton(strength);
    const { figures } = await logisticRegression({ strength, tolerance: 1e-6 }).fit(features, labels, options());
    expect(Math.abs(figures.objective! - least)).toBeLessThan(1e-7);
    const early = await logisticRegression({ strength, maxIterations: 3 }).fit(features, labels, options());
    expect(early.figures.objective! - least).toBeGreaterThan(1e-6);
    expect(early.figures.converged).toBe(0);
  });

  test('the intercept is not penalised: shifted features give the same predictions', async () => {
    const shifted = { ...features, data: data.map((value) => value + 25) };
    const classifier = logisticRegression({ strength: 0.05, tolerance: 1e-6 });
    const [plain, moved] = [
      await classifier.fit(features, labels, options()),
      await classifier.fit(shifted, labels, options()),
    ];
    const [a, b] = [await plain.scores(features), await moved.scores(shifted)];
    expect(farthest([...a], [...b])).toBeLessThan(2e-3);
    expect(Math.abs(plain.figures.objective! - moved.figures.objective!)).toBeLessThan(1e-6);
  });

  test('classes that a plane separates give finite weights, larger with less penalty', async () => {
    const line = { data: Float32Array.of(-2, -1, 1, 2), rows: 4, columns: 1 };
    const norms: number[] = [];
    for (const strength of [1e-2, 1e-5]) {
      const fitted = await logisticRegression({ strength }).fit(line, Int32Array.of(0, 0, 1, 1), {
        ...options(),
        numClasses: 2,
      });
      const weights = valuesOf(fitted, 'weights');
      expect(weights.every(Number.isFinite)).toBe(true);
      expect(weights[0]).toBeCloseTo(-weights[1]!, 3);
      expect([...(await fitted.predict(line))]).toEqual([0, 0, 1, 1]);
      norms.push(weights[1]!);
    }
    expect(norms[1]).toBeGreaterThan(2 * norms[0]!);
  });

  test('rows without a label count nothing; stored parameters give the same scores', async () => {
    const classifier = logisticRegression({ strength: 0.01 });
    const some = labels.map((label, i) => (i < 60 ? label : -1));
    const first = { data: data.subarray(0, 60 * columns), rows: 60, columns };
    const masked = await classifier.fit(features, some, options());
    const alone = await classifier.fit(first, labels.subarray(0, 60), options());
    expect(masked.params).toEqual(alone.params);
    expect(masked.figures.rows).toBe(60);
    const restored = classifier.restore(masked.params, { runtime });
    expect(restored).toMatchObject({ numClasses: 3, numFeatures: columns, hasProbabilities: true });
    expect(await restored.scores(features)).toEqual(await masked.scores(features));
  });
});

describe('linear SVM', () => {
  test.each([0.1, 0.001])('strength %s: the planes of LinearSVC', async (strength) => {
    const { svm } = reference.fits[String(strength)]!;
    const fitted = await linearSvm({ strength, tolerance: 1e-6 }).fit(features, labels, options());
    expect(fitted.hasProbabilities).toBe(false);
    expect(farthest(valuesOf(fitted, 'weights'), svm.weights.flat())).toBeLessThan(2e-3);
    expect(farthest(valuesOf(fitted, 'bias'), svm.bias)).toBeLessThan(2e-3);
    const margins = await fitted.scores(features);
    const found = await fitted.predict(features);
    found.forEach((label, row) => {
      const own = [...margins.subarray(row * numClasses, (row + 1) * numClasses)];
      expect(own[label]).toBe(Math.max(...own));
    });
  });
});

test('refuses what it cannot learn from', async () => {
  const classifier = logisticRegression();
  await expect(classifier.fit(features, labels.subarray(1), options())).rejects.toThrow('labels do not match');
  await expect(classifier.fit(features, labels, { ...options(), numClasses: 2 })).rejects.toThrow('no such class');
  await expect(
    classifier.fit(
      features,
      labels.map(() => -1),
      options(),
    ),
  ).rejects.toThrow('no row has a label');
  expect(() => logisticRegression({ strength: -1 })).toThrow('bad strength');
  expect(() => classifier.restore({}, { runtime })).toThrow('not the parameters of a linear classifier');
  const fitted = await classifier.fit(features, labels, options());
  await expect(fitted.predict({ data, rows: rows * columns, columns: 1 })).rejects.toThrow('features do not fit');
});

/** The least value of the penalised mean cross-entropy of the data, by Newton's method. */
function newton(strength: number): number {
  const width = columns + 1;
  const size = width * numClasses;
  const at = (i: number, j: number) => (j < columns ? data[i * columns + j]! : 1);
  let point = new Float64Array(size);
  let value = 0;
  for (let iteration = 0; iteration < 20; iteration++) {
    value = 0;
    const gradient = new Float64Array(size);
    const hessian = Matrix.zeros(size, size);
    for (let i = 0; i < rows; i++) {
      const scores = Array.from({ length: numClasses }, (_, k) => {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += point[k * width + j]! * at(i, j);
        return sum;
      });
      const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
      const p = scores.map((score) => Math.exp(score) / total);
      value -= Math.log(p[labels[i]!]!) / rows;
      for (let k = 0; k < numClasses; k++) {
        for (let j = 0; j < width; j++) {
          gradient[k * width + j]! += ((p[k]! - (labels[i] === k ? 1 : 0)) * at(i, j)) / rows;
          for (let l = 0; l < numClasses; l++) {
            const share = (p[k]! * ((k === l ? 1 : 0) - p[l]!)) / rows;
            for (let m = 0; m < width; m++) {
              const [row, column] = [k * width + j, l * width + m];
              hessian.set(row, column, hessian.get(row, column) + share * at(i, j) * at(i, m));
            }
          }
        }
      }
    }
    for (let c = 0; c < size; c++) {
      // Biases have no penalty; a common shift of them changes nothing, and a little ridge makes it unique.
      const penalty = c % width < columns ? strength : 0;
      value += (penalty / 2) * point[c]! ** 2;
      gradient[c]! += penalty * point[c]!;
      hessian.set(c, c, hessian.get(c, c) + (penalty || 1e-9));
    }
    const step = solve(hessian, Matrix.columnVector([...gradient])).to1DArray();
    point = point.map((v, c) => v - step[c]!);
  }
  return value;
}
