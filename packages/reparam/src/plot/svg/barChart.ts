import { ReparamError } from '@reparam/tensor';
import { type ChartOptions, chartFrame } from './frame.ts';
import { element } from './markup.ts';
import { ink, seriesColor } from './palette.ts';
import { extent, formatNumber, isDrawable } from './scale.ts';
import { text } from './text.ts';

/** One bar; `muted` bars are grey. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Drawn as a line of its length either way of the value. */
  readonly standardError?: number;
  readonly muted?: boolean;
}

/** What a bar chart shows. */
export interface BarChartOptions extends ChartOptions {
  readonly bars: readonly Bar[];
  /** Legend texts of coloured and grey bars. */
  readonly legend?: { readonly coloured: string; readonly muted: string };
  readonly caption?: string;
}

/**
 * Vertical bars from zero as SVG; labels that would collide stand on two lines in turn, and are left out evenly where that is not
 * enough.
 */
export function barChart(options: BarChartOptions): string {
  const { bars, legend } = options;
  const { color, fillClass } = seriesColor(0);
  const [low, high] = extent(
    bars.flatMap(({ value, standardError = 0 }) => [value - standardError, value + standardError]),
  );
  return chartFrame(options, {
    xDomain: [0, 1],
    yDomain: [Math.min(0, low), Math.max(0, high)],
    caption: options.caption,
    xTicks: false,
    legend: legend && [
      { label: legend.coloured, index: 0 },
      { label: legend.muted, index: 0, muted: true },
    ],
    draw: (x, y) => {
      const left = x(0);
      const slot = (x(1) - left) / Math.max(1, bars.length);
      const widest = Math.max(1, ...bars.map(({ label }) => label.length));
      const crowding = Math.ceil((6.5 * widest + 6) / slot);
      const lines = Math.max(1, Math.min(2, crowding));
      const every = Math.max(1, Math.ceil(crowding / lines));
      const baseline = y(y.ticks[0]!);
      return bars.map(({ label, value, standardError = 0, muted }, i) => {
        const [a, b] = [y(isDrawable(value) ? value : 0), y(0)];
        const bar = element(
          'rect',
          {
            x: left + (i + 0.1) * slot,
            y: Math.min(a, b),
            width: 0.8 * slot,
            height: Math.abs(a - b),
            fill: muted ? ink.axis : color,
            class: muted ? 'rp-idle' : fillClass,
          },
          element('title', {}, `${label}: ${formatNumber(value, 4)}`),
        );
        const middle = left + (i + 0.5) * slot;
        const below = baseline + (lines === 1 ? 16 : 13 + 12 * ((i / every) % lines));
        const name = text(middle, below, label, { 'text-anchor': 'middle', 'font-size': 11 });
        const error = element('line', {
          x1: middle,
          x2: middle,
          y1: y(value - standardError),
          y2: y(value + standardError),
          stroke: ink.text,
          class: 'rp-line',
          'stroke-width': 2,
        });
        return [bar, ...(standardError > 0 ? [error] : []), ...(i % every === 0 ? [name] : [])];
      });
    },
  });
}

/** What a histogram counts. */
export interface HistogramOptions extends ChartOptions {
  readonly values: Iterable<number>;
  /** How many bins; default 30. */
  readonly bins?: number;
}

/** Counts of values in equal bins as SVG; values that are not finite are left out and counted in the caption. */
export function histogram(options: HistogramOptions): string {
  const { bins = 30 } = options;
  if (!Number.isInteger(bins) || bins < 1) {
    throw new ReparamError('config', 'bins of a histogram', { got: `${bins}`, expected: 'a whole number ≥ 1' });
  }
  const values = [...options.values];
  const finite = values.filter(isDrawable);
  const [low, high] = extent(finite);
  const counts = new Array<number>(bins).fill(0);
  for (const value of finite) {
    const bin = Math.floor(((value - low) / (high - low)) * bins);
    counts[Math.min(bins - 1, Number.isNaN(bin) ? 0 : bin)]! += 1;
  }
  const left = values.length - finite.length;
  const { color, fillClass } = seriesColor(0);
  return chartFrame(options, {
    xDomain: [low, high],
    yDomain: [0, Math.max(1, ...counts)],
    caption: left ? `left out because not finite: ${left.toLocaleString('en')}` : undefined,
    draw: (x, y) =>
      counts.map((count, i) => {
        const edge = (k: number) => x(low + (k / bins) * (high - low));
        const width = Math.max(1, edge(i + 1) - edge(i) - 1);
        return element('rect', {
          x: edge(i),
          y: y(count),
          width,
          height: y(0) - y(count),
          fill: color,
          class: fillClass,
        });
      }),
  });
}
