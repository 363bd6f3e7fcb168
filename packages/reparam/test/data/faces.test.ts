import { drawFace, faceFactors, faceSize, faces, nearestRows } from 'reparam';
import { describe, expect, it } from 'vitest';

const total = (face: Uint8Array) => face.reduce((sum, value) => sum + value, 0);
const mirrored = (face: Uint8Array) => face.map((_, i) => face[i - (i % faceSize) + (faceSize - 1 - (i % faceSize))]!);

describe('faces', () => {
  it('a face turned to one side is the mirror image of that turned to the other', () => {
    for (const [pose, expression] of [
      [0.7, 0.4],
      [0.2, -1],
      [0, 1],
    ] as const) {
      const [left, right] = [drawFace({ pose: -pose, expression }), drawFace({ pose, expression })];
      const apart = mirrored(left).map((value, i) => Math.abs(value - right[i]!));
      expect(Math.max(...apart)).toBeLessThanOrEqual(1);
    }
  });

  it('each factor changes the picture, steadily and without leaps', () => {
    const distance = (a: Uint8Array, b: Uint8Array) => Math.sqrt(a.reduce((sum, v, i) => sum + (v - b[i]!) ** 2, 0));
    for (const factor of ['pose', 'expression'] as const) {
      const series = Array.from({ length: 21 }, (_, i) => drawFace({ pose: 0, expression: 0, [factor]: i / 10 - 1 }));
      const steps = series.slice(1).map((face, i) => distance(face, series[i]!));
      const whole = distance(series[0]!, series.at(-1)!);
      expect(whole).toBeGreaterThan(500);
      expect(Math.min(...steps)).toBeGreaterThan(0);
      expect(Math.max(...steps)).toBeLessThan(0.5 * whole);
    }
    expect(total(drawFace({ pose: 0, expression: 0 }))).toBeGreaterThan(20 * 784);
  });

  it('splits are what their factors draw, with classes by thirds of the expression', () => {
    const test = faces('test');
    const factors = faceFactors('test');
    expect([test.size, test.shape, faces('train').size, faces('all').size]).toEqual([1000, [28, 28], 4000, 5000]);
    expect(test.data.slice(3 * 784, 4 * 784)).toEqual(drawFace(factors[3]!));
    factors.forEach(({ expression }, i) => {
      expect(test.labels![i]).toBe(expression < -1 / 3 ? 0 : expression < 1 / 3 ? 1 : 2);
    });
    const mean = factors.reduce((sum, { pose }) => sum + pose / factors.length, 0);
    expect(Math.abs(mean)).toBeLessThan(0.06);
    expect(faces('all').data.slice(4003 * 784, 4004 * 784)).toEqual(drawFace(factors[3]!));
  });
});

describe('nearestRows', () => {
  it('agrees with sorting all distances, ties in order, for bytes with a scale', () => {
    const width = 130;
    const random = (n: number, seed: number) =>
      Array.from({ length: n }, (_, i) =>
        Math.floor(((((Math.sin(i * 12.9898 + seed) * 43758.5453) % 1) + 1) % 1) * 4),
      );
    const rows = Uint8Array.from(random(200 * width, 1));
    rows.copyWithin(50 * width, 10 * width, 11 * width);
    const queries = Float32Array.from(random(7 * width, 2), (v) => v / 4);
    queries.set(
      Array.from(rows.subarray(10 * width, 11 * width), (v) => v / 4),
      0,
    );
    const { indices, distances } = nearestRows(queries, { data: rows, scale: 1 / 4 }, width, 5);
    for (let q = 0; q < 7; q++) {
      const all = Array.from({ length: 200 }, (_, i) => {
        let sum = 0;
        for (let j = 0; j < width; j++) sum += (queries[q * width + j]! - rows[i * width + j]! / 4) ** 2;
        return { i, distance: Math.sqrt(sum) };
      }).sort((a, b) => a.distance - b.distance || a.i - b.i);
      expect([...indices.slice(5 * q, 5 * q + 5)]).toEqual(all.slice(0, 5).map(({ i }) => i));
      all.slice(0, 5).forEach(({ distance }, n) => {
        expect(distances[5 * q + n]).toBeCloseTo(distance, 10);
      });
    }
    expect([...indices.slice(0, 2)]).toEqual([10, 50]);
    expect([...distances.slice(0, 2)]).toEqual([0, 0]);
  });

  it.each([
    [3, 2, 1],
    [4, 2, 3],
    [4, 2, 0],
  ])('refuses %i values of width %i with k %i', (values, width, k) => {
    expect(() => nearestRows(new Float32Array(2), { data: new Float32Array(values) }, width, k)).toThrow(
      /nearest rows/,
    );
  });
});
