import { describe, expect, it } from 'vitest';
import { comparedHistograms, heatMap } from '../../src/plot/index.ts';
import { elementsOf } from './wellFormed.ts';

const rects = (svg: string) => elementsOf(svg).flatMap(([name, attributes]) => (name === 'rect' ? [attributes] : []));

describe('heat map', () => {
  it('a cell for each number, in colour by its share of the largest, with the number in it', () => {
    const svg = heatMap({ title: 'T', rows: ['a', 'b'], columns: ['z0', 'z1', 'z2'], values: [0, 1, 2, 4, 0.5, 3] });
    const coloured = rects(svg)
      .slice(1)
      .filter((_, i) => i % 2 === 1);
    expect(coloured.map((cell) => Number(cell['fill-opacity']))).toEqual([0, 0.25, 0.5, 1, 0.125, 0.75]);
    const places = coloured.map(({ x, y }) => `${x},${y}`);
    expect(new Set(places).size).toBe(6);
    expect(coloured[0]!.x).toBe(coloured[3]!.x);
    expect(coloured[0]!.y).toBe(coloured[2]!.y);
    for (const word of ['a', 'b', 'z2', '0.50', '4.00']) expect(svg).toContain(`>${word}<`);
  });

  it('shares of a given full colour; all zeros and wrong sizes', () => {
    const options = { title: 'T', rows: ['a'], columns: ['x', 'y'] };
    const opacity = (svg: string) => rects(svg).map((cell) => cell['fill-opacity']);
    expect(opacity(heatMap({ ...options, values: [0.5, 3], most: 1 })).slice(2)).toEqual(['0.500', '0.12', '1.000']);
    expect(opacity(heatMap({ ...options, values: [0, 0] }))[2]).toBe('0.000');
    expect(() => heatMap({ ...options, values: [1] })).toThrow(/values of a heat map: got 1, expected 1 × 2/);
  });
});

describe('compared histograms', () => {
  /** Heights of the steps of a path, and its first and last place on the axis. */
  const steps = (d: string) => [...d.matchAll(/V([\d.]+)H/g)].map(([, y]) => Number(y));
  const paths = (svg: string) =>
    elementsOf(svg).flatMap(([name, attributes]) => (name === 'path' ? [attributes.d!] : []));

  it('every set has an area of its own, on one pair of axes', () => {
    const [a, b] = [Array.from({ length: 100 }, (_, i) => i / 100), Array.from({ length: 10 }, (_, i) => 1 + i / 10)];
    const svg = comparedHistograms({
      title: 'T',
      sets: ['first', 'second'],
      panels: [{ title: 'p', values: [a, b] }],
      bins: 10,
    });
    const [first, second] = paths(svg).map((d) => ({
      d,
      heights: steps(d),
      floor: Number(/^M[\d.]+ ([\d.]+)/.exec(d)![1]),
    }));
    const area = ({ heights, floor }: { heights: number[]; floor: number }) =>
      heights.reduce((sum, y) => sum + floor - y, 0);
    expect(area(first!)).toBeGreaterThan(50);
    expect(Math.abs(area(first!) / area(second!) - 1)).toBeLessThan(0.02);
    expect(first!.heights.slice(6).every((y) => y === first!.floor)).toBe(true);
    expect(second!.heights.slice(0, 5).every((y) => y === second!.floor)).toBe(true);
    for (const name of ['first', 'second', 'p']) expect(svg).toContain(`>${name}<`);
  });

  it('far values are counted at the ends, those that are no numbers left out; constants are drawn', () => {
    const values = [...Array.from({ length: 400 }, (_, i) => i / 400), 1e9, Number.NEGATIVE_INFINITY];
    const svg = comparedHistograms({ title: 'T', sets: ['a'], panels: [{ title: 'p', values: [values] }], bins: 4 });
    const path = paths(svg)[0]!;
    const heights = steps(path).map((y) => Number(/^M[\d.]+ ([\d.]+)/.exec(path)![1]) - y);
    expect(heights).toHaveLength(4);
    expect(Math.min(...heights) / Math.max(...heights)).toBeGreaterThan(0.95);
    const constant = comparedHistograms({ title: 'T', sets: ['a'], panels: [{ title: 'p', values: [[2, 2]] }] });
    expect(constant).not.toContain('NaN');
    expect(() => comparedHistograms({ title: 'T', sets: ['a'], panels: [{ title: 'p', values: [[]] }] })).toThrow(
      /1 sets, none/,
    );
  });
});
