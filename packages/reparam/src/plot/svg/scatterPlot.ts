import { ReparamError } from '@reparam/tensor';
import { type ChartOptions, chartFrame } from './frame.ts';
import { element, type Markup } from './markup.ts';
import { ink, seriesColor } from './palette.ts';
import { extent, isDrawable, type Scale } from './scale.ts';
import { spread } from './thin.ts';

/** What a scatter plot shows. */
export interface ScatterPlotOptions extends ChartOptions {
  /** Coordinates, row-major [n, 2]. */
  readonly points: Float32Array | Float64Array;
  /** Class of every point, 0 … 9; points above take colours again from the first. */
  readonly labels?: ArrayLike<number>;
  readonly classNames?: readonly string[];
  readonly caption?: string;
}

/** Points coloured by class as SVG, with a legend and the class name at the middle of each class. */
export function scatterPlot(options: ScatterPlotOptions): string {
  const { points, labels, classNames = [] } = options;
  const count = points.length / 2;
  if (!Number.isInteger(count) || (labels && labels.length !== count)) {
    throw new ReparamError('shape', 'points and labels of a scatter plot', {
      got: `${points.length} coordinates, ${labels?.length ?? 'no'} labels`,
      expected: 'two coordinates a point, one label a point',
    });
  }
  const finite = Array.from({ length: count }, (_, i) => i).filter(
    (i) => isDrawable(points[2 * i]!) && isDrawable(points[2 * i + 1]!),
  );
  const shown = spread(finite.length).map((i) => finite[i]!);
  const classes = labels ? [...new Set(shown.map((i) => labels[i]!))].sort((a, b) => a - b) : [];
  const name = (label: number) => classNames[label] ?? String(label);
  const drawn = `${shown.length.toLocaleString('en')} of ${count.toLocaleString('en')} points drawn`;
  return chartFrame(
    { height: 480, ...options },
    {
      xDomain: extent(shown.map((i) => points[2 * i]!)),
      yDomain: extent(shown.map((i) => points[2 * i + 1]!)),
      legend: classes.map((label) => ({ label: name(label), index: label })),
      caption: [options.caption, shown.length < count && drawn].filter(Boolean).join('; ') || undefined,
      draw: (x, y) => [
        ...shown.map((i) => {
          const { color, fillClass } = seriesColor(labels?.[i] ?? 0);
          const [cx, cy] = [x(points[2 * i]!), y(points[2 * i + 1]!)];
          return element('circle', { cx, cy, r: '2.2', fill: color, class: fillClass, 'fill-opacity': '0.6' });
        }),
        ...classes.map((label) =>
          className(
            name(label),
            shown.filter((i) => labels![i] === label),
            points,
            x,
            y,
          ),
        ),
      ],
    },
  );
}

/** The name of a class at the median of its points, with a halo, so that colour is not the only sign. */
function className(name: string, members: number[], points: ArrayLike<number>, x: Scale, y: Scale): Markup {
  const median = (axis: 0 | 1) => {
    const sorted = members.map((i) => points[2 * i + axis]!).sort((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  };
  return element(
    'text',
    {
      x: x(median(0)),
      y: y(median(1)) + 5,
      'text-anchor': 'middle',
      'font-size': 14,
      'font-weight': 700,
      fill: ink.text,
      stroke: ink.background,
      'stroke-width': 4,
      'paint-order': 'stroke',
      class: 'rp-name',
    },
    name,
  );
}
