import { foldIn, key, normalArray } from '@reparam/tensor';
import { type DataMatrix, fitMixture, mixtureBound, mixtureOfGaussians, moments } from 'reparam';
import { describe, expect, test } from 'vitest';
import { moments as sampleMoments } from '../support.ts';

/** Three clusters in the plane, 200 rows each. */
const clusters = (): DataMatrix => {
  const noise = normalArray(foldIn(key(5), 'clusters'), 1200);
  const centres = [
    [0, 0],
    [4, 1],
    [-2, 5],
  ];
  const data = Float64Array.from({ length: 1200 }, (_, i) => {
    const [row, axis] = [i >> 1, i & 1];
    const cluster = row % 3;
    const shear = cluster === 1 && axis === 1 ? 0.8 * noise[i - 1]! : 0;
    return centres[cluster]![axis]! + 0.6 * noise[i]! + shear;
  });
  return { data, rows: 600, columns: 2 };
};

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

describe('density', () => {
  const mixture = mixtureOfGaussians({
    covariance: 'full',
    weights: Float64Array.of(0.3, 0.7),
    means: Float64Array.of(1, 2, -1, 0.5),
    cholesky: Float64Array.of(1, 0, 0.5, 0.8, 0.7, 0, -0.4, 1.1),
  });

  test('log p(x) and responsibilities against the sum of densities with the inverse covariance', () => {
    const rows = Float64Array.of(0, 0, 1.5, 2.5, -3, 4, 40, -40);
    const densities = (x: number, y: number) =>
      [0, 1].map((k) => {
        const [a, , b, c] = mixture.cholesky.subarray(4 * k, 4 * k + 4) as unknown as number[];
        const [s11, s12, s22] = [a! ** 2, a! * b!, b! ** 2 + c! ** 2];
        const det = s11 * s22 - s12 ** 2;
        const [u, v] = [x - mixture.means[2 * k]!, y - mixture.means[2 * k + 1]!];
        const square = (s22 * u * u - 2 * s12 * u * v + s11 * v * v) / det;
        return Math.log(mixture.weights[k]!) - Math.log(2 * Math.PI) - 0.5 * Math.log(det) - square / 2;
      });
    const data = { data: rows, rows: 4, columns: 2 };
    const logProb = mixture.logProb(data);
    const q = mixture.responsibilities(data);
    for (let i = 0; i < 4; i++) {
      const [a, b] = densities(rows[2 * i]!, rows[2 * i + 1]!) as [number, number];
      const peak = Math.max(a, b);
      const total = peak + Math.log(Math.exp(a - peak) + Math.exp(b - peak));
      expect(logProb[i]).toBeCloseTo(total, 9);
      expect(q[2 * i]).toBeCloseTo(Math.exp(a - total), 9);
    }
  });

  test('integrates to 1 on a grid', () => {
    const grid = new Float64Array(2 * 400 * 400);
    for (let i = 0; i < 400; i++) {
      for (let j = 0; j < 400; j++) grid.set([-10 + 0.05 * i, -10 + 0.05 * j], 2 * (400 * i + j));
    }
    const logProb = mixture.logProb({ data: grid, rows: 160_000, columns: 2 });
    expect(sum(logProb.map(Math.exp)) * 0.05 ** 2).toBeCloseTo(1, 8);
  });

  test('draws have the mixture’s mean and covariance, and do not depend on how many there are', () => {
    const draws = mixture.sample(20_000, 7);
    expect([...mixture.sample(10, 7)]).toEqual([...draws.subarray(0, 20)]);
    const x = Array.from({ length: 20_000 }, (_, i) => draws[2 * i]!);
    const y = Array.from({ length: 20_000 }, (_, i) => draws[2 * i + 1]!);
    const mean = [0.3 * 1 + 0.7 * -1, 0.3 * 2 + 0.7 * 0.5];
    // E[x y] = Σ π (L L')₁₂ + π m₁ m₂.
    const product = 0.3 * (0.5 + 2) + 0.7 * (0.7 * -0.4 - 0.5);
    for (const [values, exact] of [
      [x, mean[0]!],
      [y, mean[1]!],
      [x.map((value, i) => value * y[i]!), product],
    ] as const) {
      const { mean: got, standardError } = sampleMoments(values);
      expect(Math.abs(got - exact)).toBeLessThan(4 * standardError);
    }
  });
});

describe('fit', () => {
  const data = clusters();

  test.each([
    'full',
    'diagonal',
  ] as const)('%s: no step lowers the bound, which ends as the log-likelihood', (covariance) => {
    const fitted = fitMixture(data, { components: 3, covariance, seed: 2, tolerance: 1e-9 });
    for (const [i, { bound }] of fitted.steps.entries()) {
      if (i > 0) expect(bound).toBeGreaterThanOrEqual(fitted.steps[i - 1]!.bound - 1e-12);
    }
    const logLikelihood = sum(fitted.logProb(data)) / data.rows;
    expect(logLikelihood).toBeCloseTo(fitted.steps.at(-1)!.bound, 6);
    expect(mixtureBound(fitted, data, fitted.responsibilities(data))).toBeCloseTo(logLikelihood, 10);
    expect(sum(fitted.weights)).toBeCloseTo(1, 12);
  });

  test('finds the clusters it was made from', () => {
    const fitted = fitMixture(data, { components: 3, seed: 2 });
    const order = [0, 1, 2].sort((a, b) => fitted.means[2 * a]! - fitted.means[2 * b]!);
    const wanted = [-2, 5, 0, 0, 4, 1];
    order.forEach((k, i) => {
      expect(fitted.weights[k]).toBeCloseTo(1 / 3, 1);
      expect(Math.abs(fitted.means[2 * k]! - wanted[2 * i]!)).toBeLessThan(0.2);
      expect(Math.abs(fitted.means[2 * k + 1]! - wanted[2 * i + 1]!)).toBeLessThan(0.2);
    });
  });

  test('one full component is the Gaussian of the sample moments', () => {
    const { mean, covariance } = moments(data);
    const fitted = fitMixture(data, { components: 1 });
    expect(fitted.means[0]).toBeCloseTo(mean[0]!, 10);
    expect(fitted.means[1]).toBeCloseTo(mean[1]!, 10);
    const [a, , b, c] = fitted.cholesky as unknown as [number, number, number, number];
    expect(a * a).toBeCloseTo(covariance[0]!, 10);
    expect(a * b).toBeCloseTo(covariance[1]!, 10);
    expect(b * b + c * c).toBeCloseTo(covariance[3]!, 10);
  });

  test('a dimension that never varies gets the floor as its variance, and still no step lowers the bound', () => {
    const flat = new Float64Array(data.data.length);
    for (let i = 0; i < data.rows; i++) flat[2 * i] = data.data[2 * i]!;
    for (const covariance of ['full', 'diagonal'] as const) {
      const fitted = fitMixture({ ...data, data: flat }, { components: 2, covariance, varianceFloor: 0.01 });
      for (const [i, { bound }] of fitted.steps.entries()) {
        if (i > 0) expect(bound).toBeGreaterThanOrEqual(fitted.steps[i - 1]!.bound - 1e-12);
      }
      const deviation = covariance === 'full' ? fitted.cholesky[3]! : fitted.cholesky[1]!;
      expect(deviation).toBeCloseTo(0.1, 10);
    }
  });

  test('more components than examples are refused', () => {
    expect(() => fitMixture({ data: Float64Array.of(1, 2), rows: 2, columns: 1 }, { components: 3 })).toThrow(
      /3 for 2 examples/,
    );
  });
});
