import { ReparamError } from '@reparam/tensor';
import { covarianceEllipse, ellipseOutline } from './covarianceEllipse.ts';
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
  /** Around each class the ellipse of two standard deviations, with its name at the mean; default false. */
  readonly ellipses?: boolean;
  /** Further points [n, 2] drawn as large rings above the others, numbered from 1. */
  readonly marked?: ArrayLike<number>;
  readonly caption?: string;
}

/** Points coloured by class as SVG, with a legend and the class name at the middle of each class (its mean with `ellipses`, else its median). */
export function scatterPlot(options: ScatterPlotOptions): string {
  const { points, labels, classNames = [], ellipses = false, marked = [] } = options;
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
  const members = new Map(classes.map((label) => [label, finite.filter((i) => labels![i] === label)]));
  const rings = Array.from({ length: marked.length / 2 }, (_, i) => [marked[2 * i]!, marked[2 * i + 1]!] as const);
  const outlines = ellipses
    ? classes.flatMap((label) => ellipseOutline(covarianceEllipse(points, members.get(label)), 2))
    : [];
  const name = (label: number) => classNames[label] ?? String(label);
  const drawn = `${shown.length.toLocaleString('en')} of ${count.toLocaleString('en')} points drawn`;
  return chartFrame(
    { height: 480, ...options },
    {
      xDomain: extent([...shown.map((i) => points[2 * i]!), ...[...rings, ...outlines].map(([x]) => x)]),
      yDomain: extent([...shown.map((i) => points[2 * i + 1]!), ...[...rings, ...outlines].map(([, y]) => y)]),
      legend: classes.map((label) => ({ label: name(label), index: label })),
      caption: [options.caption, shown.length < count && drawn].filter(Boolean).join('; ') || undefined,
      draw: (x, y) => [
        ...shown.map((i) => {
          const { color, fillClass } = seriesColor(labels?.[i] ?? 0);
          const [cx, cy] = [x(points[2 * i]!), y(points[2 * i + 1]!)];
          return element('circle', { cx, cy, r: '2.2', fill: color, class: fillClass, 'fill-opacity': '0.6' });
        }),
        ...(ellipses ? classes.map((label) => classEllipse(label, members.get(label)!, points, x, y)) : []),
        ...classes.map((label) => className(name(label), members.get(label)!, points, ellipses, x, y)),
        ...rings.map(([px, py], i) => ring(x(px), y(py), String(i + 1))),
      ],
    },
  );
}

function classEllipse(
  label: number,
  members: readonly number[],
  points: ArrayLike<number>,
  x: Scale,
  y: Scale,
): Markup {
  const outline = ellipseOutline(covarianceEllipse(points, members), 2);
  const d = `M${outline.map(([px, py]) => `${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join('L')}Z`;
  const { color, strokeClass } = seriesColor(label);
  return element('path', { d, fill: 'none', stroke: color, class: strokeClass, 'stroke-width': 2 });
}

const halo = {
  'text-anchor': 'middle',
  'font-weight': 700,
  fill: ink.text,
  stroke: ink.background,
  'stroke-width': 4,
  'paint-order': 'stroke',
  class: 'rp-name',
};

/** The name of a class at the middle of its points, with a halo, so that colour is not the only sign. */
function className(
  name: string,
  members: readonly number[],
  points: ArrayLike<number>,
  atMean: boolean,
  x: Scale,
  y: Scale,
): Markup {
  const median = (axis: 0 | 1) => {
    const sorted = members.map((i) => points[2 * i + axis]!).sort((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  };
  const [px, py] = atMean ? covarianceEllipse(points, members).mean : [median(0), median(1)];
  return element('text', { x: x(px), y: y(py) + 5, 'font-size': 14, ...halo }, name);
}

const ring = (cx: number, cy: number, name: string): Markup =>
  element(
    'g',
    {},
    element('circle', {
      cx,
      cy,
      r: 8,
      fill: ink.background,
      'fill-opacity': '0.85',
      stroke: ink.text,
      'stroke-width': '1.5',
    }),
    element(
      'text',
      { x: cx, y: cy + 4, 'text-anchor': 'middle', 'font-size': 11, 'font-weight': 700, fill: ink.text },
      name,
    ),
  );
