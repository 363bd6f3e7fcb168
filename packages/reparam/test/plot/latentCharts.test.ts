import { foldIn, key, normalArray } from '@reparam/tensor';
import { describe, expect, it } from 'vitest';
import { contourLines, densityGrid, massLevels } from '../../src/plot/density.ts';
import {
  aggregateContours,
  covarianceEllipse,
  latentHistograms,
  lineDensity,
  principalPlane,
  quantileChart,
  scatterPlot,
  sideBySide,
  withCaption,
} from '../../src/plot/index.ts';
import { quantiles } from '../../src/plot/svg/aggregateChart.ts';
import { ellipseOutline } from '../../src/plot/svg/covarianceEllipse.ts';
import { stackedDensities } from '../../src/plot/svg/latentHistograms.ts';
import { elementsOf } from './wellFormed.ts';

const axes = { title: 'T', x: { label: 'a' }, y: { label: 'b' } };
const named = (svg: string, name: string) =>
  elementsOf(svg).flatMap(([each, attributes]) => (each === name ? [attributes] : []));
const normals = (name: string, count: number) => normalArray(foldIn(key(3), name), count);

/** Points whose covariance is [[5, 2], [2, 2]]: eigenvalues 6 and 1, the long axis along (2, 1). */
const tilted = (count: number) => {
  const noise = normals('tilted', 2 * count);
  return Float64Array.from({ length: 2 * count }, (_, j) => {
    const [a, b] = [Math.sqrt(6) * noise[j - (j % 2)]!, noise[j - (j % 2) + 1]!];
    return (j % 2 === 0 ? 2 * a - b : a + 2 * b) / Math.sqrt(5);
  });
};

describe('ellipses', () => {
  it('axes are the eigenvectors of the covariance', () => {
    // Four points on the axes (2, 1) and (−1, 2), at distances 3 and 1 times √5.
    const points = [6, 3, -6, -3, -1, 2, 1, -2].map((v, i) => v + (i % 2 ? 7 : 10));
    const { mean, covariance, radii, angle } = covarianceEllipse(points);
    expect(mean).toEqual([10, 7]);
    expect(covariance).toEqual({ xx: 18.5, yy: 6.5, xy: 8 });
    expect(radii[0]).toBeCloseTo(Math.sqrt(45 / 2), 12);
    expect(radii[1]).toBeCloseTo(Math.sqrt(5 / 2), 12);
    expect(angle).toBeCloseTo(Math.atan(1 / 2), 12);
  });

  it('every point of the outline has the Mahalanobis distance asked for', () => {
    const points = tilted(400);
    const ellipse = covarianceEllipse(points);
    const { xx, yy, xy } = ellipse.covariance;
    const det = xx * yy - xy * xy;
    for (const [x, y] of ellipseOutline(ellipse, 2)) {
      const [dx, dy] = [x - ellipse.mean[0], y - ellipse.mean[1]];
      expect((yy * dx * dx - 2 * xy * dx * dy + xx * dy * dy) / det).toBeCloseTo(4, 9);
    }
  });

  it('a scatter plot draws one for each class, its name at the mean, and numbered rings', () => {
    const points = Float64Array.of(0, 0, 2, 0, 0, 2, 10, 10, 12, 10, 10, 13);
    const labels = [0, 0, 0, 1, 1, 1];
    const svg = scatterPlot({ ...axes, points, labels, classNames: ['p', 'q'], ellipses: true, marked: [5, 5] });
    expect(named(svg, 'path')).toHaveLength(2);
    const names = elementsOf(svg).filter(([name, { class: kind }]) => name === 'text' && kind === 'rp-name');
    const circles = named(svg, 'circle');
    expect(circles).toHaveLength(7);
    const x = names.map(([, attributes]) => Number(attributes.x));
    const [left, right] = [Number(circles[0]!.cx), Number(circles[3]!.cx)];
    // Means of x are 2/3 and 32/3; marks of x = 0 and x = 10 give the scale.
    expect((x[0]! - left) / (right - left)).toBeCloseTo(2 / 30, 2);
    expect((x[1]! - left) / (right - left)).toBeCloseTo(32 / 30, 2);
    expect((Number(circles[6]!.cx) - left) / (right - left)).toBeCloseTo(0.5, 2);
  });
});

describe('densities', () => {
  it('the estimate is the density convolved with the kernel', () => {
    const at = lineDensity(normals('line', 40_000));
    const width = Math.sqrt(1 + 40_000 ** (-2 / 5));
    for (const x of [-2, -0.7, 0, 1.1]) {
      const exact = Math.exp(-0.5 * (x / width) ** 2) / (width * Math.sqrt(2 * Math.PI));
      expect(Math.abs(at(x) - exact)).toBeLessThan(0.012);
    }
    expect(at(50)).toBe(0);
  });

  it('contours of one point are circles that hold the share asked for', () => {
    const grid = densityGrid([0.3, -0.2], [0.5, 0.5], [-3, 3], [-3, 3], 100);
    const cell = 0.06 ** 2;
    expect(grid.values.reduce((sum, value) => sum + value * cell, 0)).toBeCloseTo(1, 3);
    for (const share of [0.2, 0.5, 0.95]) {
      const radius = 0.5 * Math.sqrt(-2 * Math.log(1 - share));
      const lines = contourLines(grid, massLevels(grid, [share])[0]!);
      expect(lines).toHaveLength(1);
      expect(lines[0]![0]).toEqual(lines[0]!.at(-1));
      for (const [x, y] of lines[0]!) expect(Math.abs(Math.hypot(x - 0.3, y + 0.2) - radius)).toBeLessThan(0.05);
    }
  });

  it('a saddle and the edge of the grid give whole lines', () => {
    const values = Float64Array.of(1, 0, 1, 0, 1, 0, 1, 0, 1);
    const grid = { size: 3, xDomain: [0, 3] as const, yDomain: [0, 3] as const, values };
    const lines = contourLines(grid, 0.5);
    expect(lines.reduce((sum, line) => sum + line.length - 1, 0)).toBe(8);
    for (const line of lines) {
      // Half way between the middles of two cells: one coordinate is whole.
      for (const point of line) expect(point.filter((value) => Number.isInteger(value))).toHaveLength(1);
    }
  });

  it('both sets of contours are drawn, the prior dashed', () => {
    const svg = aggregateContours({ ...axes, posterior: tilted(500), prior: normals('prior', 1000) });
    const paths = named(svg, 'path');
    expect(paths).toHaveLength(8);
    expect(paths.map((path) => path['stroke-dasharray'] !== undefined)).toEqual([
      ...Array(4).fill(true),
      ...Array(4).fill(false),
    ]);
  });
});

describe('quantiles', () => {
  it('are linear between the order statistics', () => {
    expect(quantiles(Float64Array.of(4, 0, 1, 10), [0, 0.5, 0.75, 1])).toEqual([0, 2.5, 5.5, 10]);
  });

  it('a shifted and a scaled copy lie as far from the prior as they were moved', () => {
    const prior = Float64Array.from({ length: 201 }, (_, i) => (i - 100) / 50);
    const svg = quantileChart({
      ...axes,
      pairs: [
        { name: 'shifted', prior, posterior: prior.map((v) => v + 0.5) },
        { name: 'wide', prior, posterior: prior.map((v) => 1.5 * v) },
      ],
    });
    const heights = named(svg, 'path').map(({ d }) =>
      d!
        .slice(1)
        .split('L')
        .map((pair) => Number(pair.split(' ')[1])),
    );
    const [shifted, wide, zero] = heights as [number[], number[], number[]];
    const unit = (zero[0]! - shifted[0]!) / 0.5;
    expect(new Set(shifted).size).toBe(1);
    expect((zero[0]! - wide.at(-1)!) / unit).toBeCloseTo(0.5 * 1.96, 1);
    expect(wide[49]).toBeCloseTo(zero[0]!, 0);
  });
});

describe('latent histograms', () => {
  it('stacks hold the share of each class, and all of them 1', () => {
    const stacks = stackedDensities([0.5, 0.5, 1.5, -9], [0, 2], 2, 2, (i) => (i === 1 ? 1 : 0));
    expect(stacks.map((stack) => [...stack])).toEqual([
      [0.5, 0.25],
      [0.75, 0.25],
    ]);
  });

  it('draws a silhouette a class and dimension, and the prior on the same scale', () => {
    const draws = Float32Array.of(-1, 0, 1, 0, -1, 0, 1, 0);
    const uniform = (_: number, value: number) => (Math.abs(value) <= 3.5 ? 1 / 7 : 0);
    const svg = latentHistograms({
      title: 'H',
      draws,
      dim: 2,
      dims: [1, 0],
      kl: [0.25, 1.5],
      labels: [0, 0, 1, 1],
      prior: uniform,
      bins: 7,
    });
    const paths = named(svg, 'path');
    expect(paths).toHaveLength(2 * (2 + 1));
    expect(svg).toContain('z1: 1.50 nats');
    // All of z1 is 0: one bin of density 1, seven times as high as the uniform prior.
    const heights = [...paths[1]!.d!.matchAll(/V([\d.]+)/g)].map((match) => Number(match[1]));
    const floor = Math.max(...heights);
    const prior = Number(/L[\d.]+ ([\d.]+)/.exec(paths[2]!.d!)![1]);
    expect((floor - Math.min(...heights)) / (floor - prior)).toBeCloseTo(7, 0);
  });
});

describe('composition', () => {
  const chart = scatterPlot({ ...axes, points: Float64Array.of(0, 0, 1, 1) });
  it('charts keep their sizes beside and below each other', () => {
    const svg = sideBySide([chart, chart, chart], { title: 'All', columns: 2 });
    const nested = named(svg, 'svg').slice(1);
    expect(nested.map(({ x, y }) => [Number(x), Number(y)])).toEqual([
      [0, 36],
      [560, 36],
      [0, 516],
    ]);
    expect(named(svg, 'svg')[0]!.viewBox).toBe('0 0 1120 996');
    const captioned = withCaption(chart, 'words '.repeat(60).trim());
    const lines =
      elementsOf(captioned).filter(([name]) => name === 'text').length -
      elementsOf(chart).filter(([name]) => name === 'text').length;
    expect(lines).toBeGreaterThan(3);
    expect(named(captioned, 'svg')[0]!.viewBox).toBe(`0 0 560 ${480 + 14 + 17 * lines}`);
    expect(() => sideBySide(['<svg></svg>'], { title: 'x' })).toThrow(/size/);
  });

  it('a plane projects other rows as its own', () => {
    const codes = normals('codes', 60);
    const { points, project } = principalPlane(codes, 3);
    expect([...project(codes.slice(0, 6))]).toEqual([...points.slice(0, 4)]);
  });
});
