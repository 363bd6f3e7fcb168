import { foldIn, interpreter, key, normalArray } from '@reparam/tensor';
import { classMeans, digits, encode, latentDraws, latentHoles, mlp, take, vae } from 'reparam';
import { describe, expect, it } from 'vitest';

const normals = (name: string, count: number) => normalArray(foldIn(key(5), name), count);

describe('latentHoles', () => {
  /** A ring: a normal distribution of its moments puts much of its mass into the middle, where there is none. */
  const ring = Float32Array.from({ length: 2 * 600 }, (_, j) => {
    const angle = (2 * Math.PI * Math.floor(j / 2)) / 600;
    return 10 * (j % 2 ? Math.sin(angle) : Math.cos(angle)) + 4;
  });

  it('the middle of a ring is the emptiest place, √2 standard deviations away', () => {
    const { z, distances, median, usual } = latentHoles(ring, 2, { count: 1, seed: 1, candidates: 4000 });
    expect(Math.hypot(z[0]! - 4, z[1]! - 4)).toBeLessThan(1);
    expect(Math.abs(distances[0]! - Math.SQRT2)).toBeLessThan(0.1);
    expect(usual).toBeCloseTo(((2 * Math.PI) / 600) * Math.SQRT2, 2);
    expect(median).toBeGreaterThan(20 * usual);
  });

  it('distances are those to the nearest code in whitened coordinates, whatever the scale', () => {
    const codes = normals('codes', 2 * 300);
    const scaled = codes.map((value, i) => (i % 2 ? 50 * value - 3 : 0.01 * value));
    const [plain, other] = [codes, scaled].map((each) => latentHoles(each, 2, { count: 5, seed: 2 }));
    plain!.distances.forEach((distance, i) => {
      expect(other!.distances[i]).toBeCloseTo(distance, 4);
    });
    const mean = [0, 1].map((d) => codes.reduce((sum, v, i) => sum + (i % 2 === d ? v / 300 : 0), 0));
    const cov = (a: number, b: number) => {
      let sum = 0;
      for (let i = 0; i < 300; i++) sum += ((codes[2 * i + a]! - mean[a]!) * (codes[2 * i + b]! - mean[b]!)) / 300;
      return sum;
    };
    const [xx, yy, xy] = [cov(0, 0), cov(1, 1), cov(0, 1)];
    const mahalanobis = (i: number, j: number) => {
      const [dx, dy] = [plain!.z[2 * i]! - codes[2 * j]!, plain!.z[2 * i + 1]! - codes[2 * j + 1]!];
      return Math.sqrt((yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / (xx * yy - xy * xy));
    };
    for (let i = 0; i < 5; i++) {
      const nearest = Math.min(...Array.from({ length: 300 }, (_, j) => mahalanobis(i, j)));
      expect(plain!.distances[i]).toBeCloseTo(nearest, 3);
    }
  });

  it('refuses fewer codes than dimensions', () => {
    expect(() => latentHoles(new Float32Array(6), 3, { count: 1 })).toThrow(/holes/);
  });
});

describe('classMeans', () => {
  it('averages the codes of each class, in order, without those of no class', () => {
    const means = classMeans([1, 2, 3, 4, 5, 6, 70, 80], 2, [2, 0, 2, -1]);
    expect([...means]).toEqual([
      [0, Float32Array.of(3, 4)],
      [2, Float32Array.of(3, 4)],
    ]);
    expect(() => classMeans([1, 2], 2, [0, 1])).toThrow(/match/);
  });
});

describe('latentDraws', () => {
  it('one draw an example with the moments of its posterior, and as many of the prior', async () => {
    const data = take(digits('train'), 400);
    const model = vae({ dataShape: [8, 8], latentDim: 3, encoder: mlp([]), decoder: mlp([]) });
    const params = model.init(key(1));
    const options = { runtime: interpreter, seed: 4 };
    const { mean, scale } = await encode(model, params, data, options);
    const draws = await latentDraws(model, params, data, options);
    expect([...draws.mean.data]).toEqual([...mean.data]);
    const z = draws.posterior.data.map((value, i) => (value - mean.data[i]!) / scale!.data[i]!);
    for (const values of [z, draws.prior.data]) {
      const first = values.reduce((sum, v) => sum + v / 1200, 0);
      const second = values.reduce((sum, v) => sum + v ** 2 / 1200, 0);
      expect(Math.abs(first)).toBeLessThan(4 / Math.sqrt(1200));
      expect(Math.abs(second - 1)).toBeLessThan(4 * Math.sqrt(2 / 1200));
    }
    const cross = z.reduce((sum, v, i) => sum + (v * draws.prior.data[i]!) / 1200, 0);
    expect(Math.abs(cross)).toBeLessThan(4 / Math.sqrt(1200));
  });
});
