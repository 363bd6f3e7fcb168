import { key, normalArray } from '@reparam/tensor';
import {
  attributePredictability,
  type DataMatrix,
  dci,
  type Factors,
  mutualInformation,
  mutualInformationGap,
  thresholdAccuracy,
} from 'reparam';
import { describe, expect, it } from 'vitest';

const counts = [3, 4, 5];
const repeats = 20;
const rows = 3 * 4 * 5 * repeats;

/** Every combination of three factors, `repeats` times; the first has classes without an order. */
const grid: Factors = {
  names: ['shape', 'x', 'y'],
  kinds: ['categorical', 'ordered', 'ordered'],
  values: Int32Array.from({ length: rows * 3 }, (_, at) => {
    const i = Math.floor(at / 3) % 60;
    return [Math.floor(i / 20), Math.floor(i / 5) % 4, i % 5][at % 3]!;
  }),
};
const level = (i: number, k: number) => grid.values[3 * i + k]!;
const codesOf = (columns: number, at: (i: number, j: number) => number): DataMatrix => ({
  data: Float64Array.from({ length: rows * columns }, (_, n) => at(Math.floor(n / columns), n % columns)),
  rows,
  columns,
});
const noise = (seed: number, n = rows) => normalArray(key(seed), n);

describe('codes that are the factors themselves', () => {
  // A dimension for each factor, in another order and with other units, and one that holds nothing.
  const own = [2, 0, 1];
  const perfect = codesOf(4, (i, j) => (j === 3 ? 0.1 : 7 - 3 * level(i, own[j]!)));

  it('MIG is 1 and the information is the entropy', () => {
    const { score, perFactor, information, entropies } = mutualInformationGap(perfect, grid);
    expect(score).toBeCloseTo(1, 12);
    for (const gap of perFactor) expect(gap).toBeCloseTo(1, 12);
    counts.forEach((count, k) => {
      expect(entropies[k]).toBeCloseTo(Math.log(count), 12);
      for (let j = 0; j < 4; j++) {
        expect(information[4 * k + j]).toBeCloseTo(own[j] === k ? Math.log(count) : 0, 12);
      }
    });
  });

  it('SAP is 1 for ordered factors, and 1 less chance for classes', () => {
    const { perFactor } = attributePredictability(perfect, grid);
    [2 / 3, 1, 1].forEach((gap, k) => {
      expect(perFactor[k]).toBeCloseTo(gap, 12);
    });
  });

  it('DCI is 1 in all three', () => {
    const { disentanglement, completeness, informativeness, importance } = dci(perfect, grid);
    expect([disentanglement, completeness, informativeness]).toEqual([1, 1, 1]);
    expect([...importance]).toEqual([0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0]);
  });
});

it('codes of noise have no gap, no concentration and tell nothing', () => {
  const drawn = noise(5, 4 * rows);
  const random = codesOf(4, (i, j) => drawn[4 * i + j]!);
  expect(mutualInformationGap(random, grid).score).toBeLessThan(0.02);
  expect(attributePredictability(random, grid).score).toBeLessThan(0.02);
  const { disentanglement, completeness, perFactor } = dci(random, grid);
  expect(disentanglement).toBeLessThan(0.05);
  expect(completeness).toBeLessThan(0.05);
  perFactor.informativeness.forEach((accuracy, k) => {
    expect(Math.abs(accuracy - 1 / counts[k]!)).toBeLessThan(0.12);
  });
});

describe('codes turned by 45°', () => {
  const two: Factors = {
    names: ['x', 'y'],
    kinds: ['ordered', 'ordered'],
    values: Int32Array.from({ length: 2 * rows }, (_, at) => {
      const i = Math.floor(at / 2) % 16;
      return at % 2 === 0 ? i >> 2 : i & 3;
    }),
  };
  const place = (i: number, k: number) => two.values[2 * i + k]!;
  const turned = codesOf(2, (i, j) => (place(i, 0) + (j === 0 ? 1 : -1) * place(i, 1)) * Math.SQRT1_2);

  it('each dimension tells half of the variance of each factor, and the same information', () => {
    const { score, predictability } = attributePredictability(turned, two);
    for (const share of predictability) expect(share).toBeCloseTo(0.5, 12);
    expect(score).toBeCloseTo(0, 12);
    const { score: gap, information } = mutualInformationGap(turned, two);
    expect(gap).toBeCloseTo(0, 12);
    // x + y has 7 values of 1, 2, 3, 4, 3, 2, 1 sixteenths; given x it is uniform over 4.
    const shares = [1, 2, 3, 4, 3, 2, 1].map((n) => n / 16);
    const told = -shares.reduce((sum, p) => sum + p * Math.log(p), 0) - Math.log(4);
    for (const nats of information) expect(nats).toBeCloseTo(told, 12);
  });

  it('disentanglement and completeness fall, not what is told', () => {
    const { disentanglement, completeness, informativeness } = dci(turned, two);
    expect(disentanglement).toBeLessThan(0.2);
    expect(completeness).toBeLessThan(0.2);
    expect(informativeness).toBe(1);
  });
});

it('mutual information of a table worked out by hand, whatever the units of the code', () => {
  // Levels by bins: 3 and 1, 1 and 3 of eight rows.
  const factors: Factors = { names: ['a'], kinds: ['ordered'], values: Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1) };
  const codes = { data: Float64Array.of(-5, -5, -5, 9, -5, 9, 9, 9), rows: 8, columns: 1 };
  const exact = (6 / 8) * Math.log(3 / 8 / (1 / 4)) + (2 / 8) * Math.log(1 / 8 / (1 / 4));
  const { information, entropies } = mutualInformation(codes, factors, { bins: 2 });
  expect(information[0]).toBeCloseTo(exact, 12);
  expect(entropies[0]).toBeCloseTo(Math.LN2, 12);
  expect(mutualInformationGap(codes, factors).score).toBeCloseTo(exact / Math.LN2, 12);
});

it('two factors in one dimension: complete, not disentangled', () => {
  const same: Factors = {
    names: ['a', 'b'],
    kinds: ['ordered', 'ordered'],
    values: Int32Array.from({ length: 2 * rows }, (_, at) => level(Math.floor(at / 2), 1)),
  };
  const codes = codesOf(2, (i, j) => (j === 0 ? level(i, 1) : 0));
  const { disentanglement, completeness, perDimension } = dci(codes, same);
  expect(completeness).toBe(1);
  expect(disentanglement).toBeCloseTo(0, 12);
  expect(perDimension.disentanglement[1]).toBe(0);
  expect(
    dci(
      codesOf(1, (i) => level(i, 1)),
      same,
    ).completeness,
  ).toBe(1);
});

it('balanced accuracy of thresholds is the best of all pairs of thresholds', () => {
  for (let trial = 0; trial < 30; trial++) {
    const n = 14;
    const values = Float64Array.from(noise(100 + trial, n), (v) => Math.round(2 * v));
    const classes = Int32Array.from(noise(200 + trial, n), (v, i) => (i < 3 ? i : v < -0.4 ? 0 : v < 0.4 ? 1 : 2));
    const size = [0, 1, 2].map((c) => classes.filter((label) => label === c).length);
    const mean = [0, 1, 2].map((c) => values.reduce((sum, v, i) => (classes[i] === c ? sum + v / size[c]! : sum), 0));
    const order = [0, 1, 2].sort((a, b) => mean[a]! - mean[b]!);
    let best = 0;
    for (let low = -9.5; low < 10; low++) {
      for (let high = low; high < 10; high++) {
        const said = values.map((v) => order[v < low ? 0 : v < high ? 1 : 2]!);
        const hits = [0, 1, 2].map((c) => classes.filter((label, i) => label === c && said[i] === c).length / size[c]!);
        best = Math.max(best, (hits[0]! + hits[1]! + hits[2]!) / 3);
      }
    }
    expect(thresholdAccuracy(values, classes, 3)).toBeCloseTo(best, 12);
  }
});

it.each([
  [{ ...grid, kinds: ['ordered'] as const }, /factors do not match the examples.*1 kinds/],
  [{ ...grid, values: grid.values.slice(3) }, /got 3597 values of 3 factors/],
  [{ ...grid, values: grid.values.map((v, i) => (i % 3 === 1 ? 2 : v)) }, /a factor does not vary.*"x"/],
])('factors that do not suit are refused', (factors, message) => {
  const codes = codesOf(2, (i) => i);
  for (const score of [mutualInformationGap, attributePredictability, dci]) {
    expect(() => score(codes, factors)).toThrow(message);
  }
});
