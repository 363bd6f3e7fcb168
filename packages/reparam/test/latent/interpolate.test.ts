import { key, normalArray } from '@reparam/tensor';
import fc from 'fast-check';
import { interpolate } from 'reparam';
import { describe, expect, it } from 'vitest';

const length = (z: ArrayLike<number>) => Math.hypot(...Array.from(z));
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, i) => sum + v * b[i]!, 0);
const rows = ({ data, shape }: ReturnType<typeof interpolate>) =>
  Array.from({ length: shape[0]! }, (_, i) => (data as Float32Array).slice(i * shape[1]!, (i + 1) * shape[1]!));

const ends = fc
  .tuple(
    fc.integer({ min: 2, max: 20 }),
    fc.integer({ min: 0, max: 1000 }),
    fc.double({ min: 0.01, max: 50, noNaN: true }),
  )
  .map(([size, seed, stretch]) => {
    const numbers = normalArray(key(seed), 2 * size);
    return [numbers.slice(0, size), numbers.slice(size).map((v) => v * stretch)] as const;
  });
const steps = fc.integer({ min: 2, max: 30 });

describe('interpolate', () => {
  it('starts and ends at the codes, bit for bit', () => {
    fc.assert(
      fc.property(ends, steps, fc.constantFrom('linear' as const, 'spherical' as const), ([z0, z1], count, path) => {
        const all = rows(interpolate(z0, z1, count, path));
        expect(all).toHaveLength(count);
        expect([all[0], all.at(-1)]).toEqual([z0, z1]);
      }),
    );
  });

  it('linear: equal steps', () => {
    const all = rows(interpolate([0, 8], [4, 0], 5));
    expect(all.map((z) => [...z])).toEqual([
      [0, 8],
      [1, 6],
      [2, 4],
      [3, 2],
      [4, 0],
    ]);
  });

  it('spherical: the length changes evenly and the direction turns evenly in the plane of both ends', () => {
    fc.assert(
      fc.property(ends, steps, ([z0, z1], count) => {
        const angle = Math.acos(dot(z0, z1) / length(z0) / length(z1));
        rows(interpolate(z0, z1, count, 'spherical')).forEach((z, k) => {
          const t = k / (count - 1);
          const expected = (1 - t) * length(z0) + t * length(z1);
          expect(Math.abs(length(z) / expected - 1)).toBeLessThan(1e-5);
          expect(dot(z, z0) / length(z) / length(z0)).toBeCloseTo(Math.cos(t * angle), 4);
          expect(dot(z, z1) / length(z) / length(z1)).toBeCloseTo(Math.cos((1 - t) * angle), 4);
        });
      }),
    );
  });

  it('spherical: a quarter circle', () => {
    const middle = rows(interpolate([2, 0], [0, 2], 3, 'spherical'))[1]!;
    expect([...middle]).toEqual([Math.fround(Math.SQRT2), Math.fround(Math.SQRT2)]);
  });

  it('spherical: parallel codes and zero go straight, nearly parallel ones stay finite', () => {
    expect(rows(interpolate([1, 2], [3, 6], 3, 'spherical'))[1]).toEqual(Float32Array.of(2, 4));
    expect(rows(interpolate([0, 0], [3, 6], 3, 'spherical'))[1]).toEqual(Float32Array.of(1.5, 3));
    const near = rows(interpolate([1, 0], [1, 1e-7], 3, 'spherical'))[1]!;
    expect(near[0]).toBeCloseTo(1, 6);
    expect(near[1]).toBeCloseTo(5e-8, 12);
  });

  it.each([
    ['opposite codes', [1, 2], [-2, -4], 5, 'spherical', 'data'],
    ['ends of different length', [1, 2], [1, 2, 3], 5, 'linear', 'shape'],
    ['nothing', [], [], 5, 'linear', 'shape'],
    ['one step', [1], [2], 1, 'linear', 'config'],
    ['half a step', [1], [2], 2.5, 'linear', 'config'],
  ] as const)('refuses %s', (_, z0, z1, count, path, code) => {
    expect(() => interpolate(z0, z1, count, path)).toThrow(expect.objectContaining({ code }));
  });
});
