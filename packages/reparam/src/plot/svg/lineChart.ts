import { type ChartOptions, chartFrame } from './frame.ts';
import { element } from './markup.ts';
import { seriesColor } from './palette.ts';
import { extent, isDrawable, type Scale } from './scale.ts';
import { text } from './text.ts';
import { maxPoints, spread } from './thin.ts';

/** A point of a line: x, y, and the half-width of its error band, if any. */
export type LinePoint = readonly [x: number, y: number, error?: number];

/** One line of a chart. */
export interface LineSeries {
  readonly name: string;
  readonly points: readonly LinePoint[];
  readonly dashed?: boolean;
}

/** What a line chart shows. */
export interface LineChartOptions extends ChartOptions {
  readonly series: readonly LineSeries[];
}

/** Lines over a common axis as SVG; a point that is not finite leaves a gap. */
export function lineChart(options: LineChartOptions): string {
  const limit = Math.floor(maxPoints / Math.max(1, options.series.length));
  const total = options.series.reduce((sum, { points }) => sum + points.length, 0);
  const series = options.series.map((each) => ({
    ...each,
    points: spread(each.points.length, limit).map((i) => each.points[i]!),
  }));
  const drawn = series.reduce((sum, { points }) => sum + points.length, 0);
  const { x: across, y: up } = options;
  const isShown = ([x, y]: LinePoint) => (!across.log || x > 0) && (!up.log || y > 0);
  const all = series.flatMap(({ points }) => points).filter((point) => isDrawn(point) && isShown(point));
  return chartFrame(options, {
    xDomain: extent(all.map(([x]) => x)),
    yDomain: extent(all.flatMap(([, y, error = 0]) => [up.log ? y : y - error, y + error])),
    legend: series.length > 1 ? series.map(({ name, dashed }, index) => ({ label: name, index, dashed })) : [],
    caption: drawn < total ? `${drawn.toLocaleString('en')} of ${total.toLocaleString('en')} points drawn` : undefined,
    draw: (x, y) => [
      ...(all.length ? [] : [text((x(0) + x(1)) / 2, (y(0) + y(1)) / 2, 'no data', { 'text-anchor': 'middle' })]),
      ...series.flatMap((each, index) =>
        drawSeries({ ...each, points: each.points.map(gapUnless(isShown)) }, index, x, y),
      ),
    ],
  });
}

function drawSeries({ points, dashed }: LineSeries, index: number, x: Scale, y: Scale) {
  const { color, fillClass, strokeClass } = seriesColor(index);
  const runs = splitRuns(points);
  const at = (px: number, py: number) => `${x(px).toFixed(1)} ${y(py).toFixed(1)}`;
  const bands = runs.filter((run) => run.some(([, , error]) => error));
  const line = { stroke: color, class: strokeClass, fill: 'none', 'stroke-width': 2, 'stroke-linejoin': 'round' };
  return [
    ...bands.map((run) => {
      const upper = run.map(([px, py, error = 0]) => at(px, py + error));
      const lower = run.map(([px, py, error = 0]) => at(px, py - error)).reverse();
      const d = `M${[...upper, ...lower].join('L')}Z`;
      return element('path', { d, fill: color, class: fillClass, 'fill-opacity': '0.18' });
    }),
    ...runs.map((run) =>
      run.length === 1
        ? element('circle', { cx: x(run[0]![0]), cy: y(run[0]![1]), r: 3, fill: color, class: fillClass })
        : element('path', {
            ...line,
            d: `M${run.map(([px, py]) => at(px, py)).join('L')}`,
            'stroke-dasharray': dashed ? '6 4' : undefined,
          }),
    ),
  ];
}

/** A point that cannot be shown, as one that leaves a gap. */
const gapUnless =
  (isShown: (point: LinePoint) => boolean) =>
  (point: LinePoint): LinePoint =>
    isShown(point) ? point : [point[0], Number.NaN];

const isDrawn = ([x, y, error = 0]: LinePoint) => isDrawable(x) && isDrawable(y) && isDrawable(error);

function splitRuns(points: readonly LinePoint[]): LinePoint[][] {
  const runs: LinePoint[][] = [];
  let open = false;
  for (const point of points) {
    if (isDrawn(point)) {
      if (open) runs.at(-1)!.push(point);
      else runs.push([point]);
    }
    open = isDrawn(point);
  }
  return runs;
}
