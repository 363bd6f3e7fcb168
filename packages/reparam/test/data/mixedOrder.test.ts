import { balancedLabels, createDataset, mixedOrder, plainOrder, withLabelTargets } from 'reparam';
import { describe, expect, it } from 'vitest';

const size = 60;
const labels = Int32Array.from({ length: size }, (_, i) => i % 3);
const whole = createDataset({
  name: 'toy',
  data: Float32Array.from({ length: size }, (_, i) => i * i),
  shape: [1],
  labels,
});
const few = withLabelTargets(balancedLabels(whole, 6, 1));
const isKnown = (row: number) => few.labels![row]! >= 0;

describe('batches of labelled and unlabelled rows', () => {
  const mixed = mixedOrder(few, 13, 7, 4);
  const epochs = [0, 1, 2].map((epoch) => mixed.epoch(epoch));

  it('presents every row without a label once an epoch, behind the labelled ones', () => {
    expect(mixed.steps).toBe(6);
    expect(mixed.size).toBe(54);
    for (const { order } of epochs) {
      expect(order.length).toBe(6 * 13);
      order.forEach((row, i) => {
        expect(isKnown(row)).toBe(i % 13 < 4);
      });
      expect(new Set(order.filter((row) => !isKnown(row))).size).toBe(54);
    }
  });

  it('goes round the labelled rows evenly, and never draws twice with the same number', () => {
    const met = new Map<string, number>();
    for (const { order, draws } of epochs) {
      order.forEach((row, i) => {
        const place = `${row}/${(draws as Int32Array)[i]}`;
        met.set(place, (met.get(place) ?? 0) + 1);
      });
    }
    expect(Math.max(...met.values())).toBe(1);
    const rounds = 3 * 6 * 4;
    expect([...met.keys()].filter((place) => isKnown(Number.parseInt(place, 10)))).toHaveLength(rounds);
    for (let row = 0; row < size; row++) {
      if (isKnown(row)) expect([...met.keys()].filter((place) => place.startsWith(`${row}/`))).toHaveLength(rounds / 6);
    }
  });

  it('weighs rows so that a batch stands for the whole set', () => {
    let sum = 0;
    let count = 0;
    for (let epoch = 0; epoch < 300; epoch++) {
      const { order, weights } = mixed.epoch(epoch);
      let total = 0;
      order.forEach((row, i) => {
        total += weights![i]!;
        sum += weights![i]! * whole.data[row]!;
      });
      expect(total / mixed.steps).toBeCloseTo(1, 5);
      count += mixed.steps;
    }
    const mean = Array.from(whole.data).reduce((a, b) => a + b, 0) / size;
    // Of an epoch the unlabelled part is exact; what is left is the mix of the labelled rows over whole rounds.
    expect(sum / count).toBeCloseTo(mean, 3);
  });

  it('is the same for a seed, and the plain order where every row has a label', () => {
    expect(mixedOrder(few, 13, 7, 4).epoch(2)).toEqual(epochs[2]);
    expect(mixedOrder(few, 13, 8, 4).epoch(2)).not.toEqual(epochs[2]);
    expect(mixedOrder(withLabelTargets(whole), 13, 7).epoch(1)).toEqual(plainOrder(whole, 13, 7).epoch(1));
  });

  it('refuses what it cannot mix', () => {
    expect(() => mixedOrder(whole, 13, 7)).toThrow(/targets/);
    expect(() => mixedOrder(few, 13, 7, 13)).toThrow(/1 to 12/);
    const none = withLabelTargets({ ...whole, labels: new Int32Array(size).fill(-1) }, 3);
    expect(() => mixedOrder(none, 13, 7)).toThrow(/no example has a label/);
  });
});
