import { commonDomain, contourLines, densityGrid, massLevels, scottBandwidth } from '../density.ts';
import { type ChartOptions, chartFrame } from './frame.ts';
import { lineChart } from './lineChart.ts';
import { element } from './markup.ts';
import { ink, seriesColor } from './palette.ts';
import { extent } from './scale.ts';

/** Draws from the aggregate posterior and from the prior, both row-major [n, 2]. */
export interface AggregateContoursOptions extends ChartOptions {
  readonly posterior: ArrayLike<number>;
  readonly prior: ArrayLike<number>;
}

/** Shares of the probability inside the contours. */
export const contourShares = [0.2, 0.5, 0.8, 0.95] as const;

/**
 * Contours of two densities in the plane as SVG: the aggregate posterior in colour, the prior dashed. Each contour holds
 * the same share of its density; both come from draws with one and the same kernel, so equal distributions have equal ones.
 */
export function aggregateContours(options: AggregateContoursOptions): string {
  const { posterior, prior } = options;
  const xDomain = commonDomain([posterior, prior], 0);
  const yDomain = commonDomain([posterior, prior], 1);
  // Wider than the rule: the outer contours lie where draws are few.
  const bandwidth = scottBandwidth(prior).map((width) => 1.3 * width) as [number, number];
  const outlines = [prior, posterior].map((points) => {
    const grid = densityGrid(points, bandwidth, xDomain, yDomain);
    return massLevels(grid, contourShares).map((level) => contourLines(grid, level));
  });
  const { color, strokeClass } = seriesColor(0);
  return chartFrame(
    { height: 520, ...options },
    {
      xDomain,
      yDomain,
      legend: [
        { label: 'aggregate posterior q(z)', index: 0 },
        { label: 'prior p(z)', index: 0, dashed: true, muted: true },
      ],
      caption: `contours around ${contourShares.map((share) => `${100 * share} %`).join(', ')} of the probability`,
      draw: (x, y) =>
        outlines.map((levels, which) =>
          levels.map((lines) =>
            element('path', {
              d: lines
                .map((line) => `M${line.map(([px, py]) => `${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join('L')}`)
                .join(''),
              fill: 'none',
              stroke: which ? color : ink.axis,
              class: which ? strokeClass : 'rp-axis',
              'stroke-width': 2,
              'stroke-dasharray': which ? undefined : '5 4',
            }),
          ),
        ),
    },
  );
}

/** Draws of one latent dimension, from the aggregate posterior and from the prior. */
export interface QuantilePair {
  readonly name: string;
  readonly posterior: Float64Array;
  readonly prior: Float64Array;
}

/** How far quantiles of the aggregate posterior lie from those of the prior, a line a dimension, as SVG: at 0 both agree. */
export function quantileChart(options: ChartOptions & { readonly pairs: readonly QuantilePair[] }): string {
  const levels = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
  const series = options.pairs.map(({ name, posterior, prior }) => {
    const [q, p] = [quantiles(posterior, levels), quantiles(prior, levels)];
    return { name, points: p.map((value, i) => [value, q[i]! - value] as const) };
  });
  const ends = extent(series.flatMap(({ points }) => points.map(([x]) => x)));
  const equal = { name: 'equal', dashed: true, points: ends.map((x) => [x, 0] as const) };
  return lineChart({ height: 380, ...options, series: [...series, equal] });
}

/** Quantiles of `values` at `levels` in (0, 1), linear between the order statistics. */
export function quantiles(values: Float64Array, levels: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return levels.map((level) => {
    const place = level * (sorted.length - 1);
    const below = Math.floor(place);
    const next = sorted[Math.min(below + 1, sorted.length - 1)]!;
    return sorted[below]! + (place - below) * (next - sorted[below]!);
  });
}
