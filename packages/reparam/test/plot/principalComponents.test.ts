import { describe, expect, it } from 'vitest';
import { principalPlane } from '../../src/plot/index.ts';

describe('principalPlane', () => {
  it('finds a rotated plane exactly', () => {
    // Points on axes u = (3, 4, 0)/5 and v = (0, 0, 1), with squared lengths 2·10² and 2·3² of 4 points.
    const [along, across] = [10, 3];
    const codes = [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
    ].flatMap(([a, b]) => [7 + 0.6 * along * a!, 1 + 0.8 * along * a!, -2 + across * b!]);
    const { points, share } = principalPlane(codes, 3);
    [10, 0, -10, 0, 0, 3, 0, -3].forEach((value, i) => {
      expect(points[i]).toBeCloseTo(value, 10);
    });
    expect(share).toBeCloseTo(1, 12);
  });

  it('states the share of the variance', () => {
    const scales = [4, 2, 1];
    const codes = scales.flatMap((s, k) => [1, -1].flatMap((sign) => scales.map((_, j) => (j === k ? sign * s : 0))));
    expect(principalPlane(codes, 3).share).toBeCloseTo((16 + 4) / (16 + 4 + 1), 12);
  });

  it('takes one dimension, constant codes, and refuses the rest', () => {
    expect([...principalPlane([1, 3], 1).points]).toEqual([-1, 0, 1, 0]);
    expect(principalPlane(new Float32Array(8), 4)).toMatchObject({ points: new Float64Array(4), share: 1 });
    expect(() => principalPlane([1, 2, 3], 2)).toThrow(expect.objectContaining({ code: 'shape' }));
    expect(() => principalPlane([1, NaN], 2)).toThrow(expect.objectContaining({ code: 'data' }));
    expect(() => principalPlane([1e200, 1, -1e200, 1], 2)).toThrow(expect.objectContaining({ code: 'data' }));
  });
});
