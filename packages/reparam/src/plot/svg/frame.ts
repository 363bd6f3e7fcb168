import { type Content, element, type Markup } from './markup.ts';
import { ink, seriesColor } from './palette.ts';
import { linearScale, logScale, type Scale } from './scale.ts';
import { svgRoot } from './sheet.ts';
import { text } from './text.ts';

/** What every chart accepts. */
export interface ChartOptions {
  readonly title: string;
  readonly x: AxisOptions;
  readonly y: AxisOptions;
  /** Pixels; default 560 × 320. The picture scales to its container. */
  readonly width?: number;
  readonly height?: number;
}

/** An axis: what is measured, in which unit. */
export interface AxisOptions {
  readonly label: string;
  /** Marks at whole numbers only, for counts such as epochs. */
  readonly whole?: boolean;
  /** A logarithmic axis, marked at powers of ten; values that are not positive are not drawn. */
  readonly log?: boolean;
}

/** A legend line: the label of series `index`. */
export interface LegendItem {
  readonly label: string;
  readonly index: number;
  readonly dashed?: boolean;
  readonly muted?: boolean;
}

/** What a chart puts into the frame; `xTicks: false` leaves the marks of the horizontal axis to the chart. */
export interface FrameParts {
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
  readonly legend?: readonly LegendItem[];
  readonly caption?: string;
  readonly xTicks?: boolean;
  readonly draw: (x: Scale, y: Scale) => Content;
}

const axisScale = (
  { whole, log }: AxisOptions,
  domain: readonly [number, number],
  range: readonly [number, number],
  about: number,
): Scale => (log ? logScale(domain, range, about) : linearScale(domain, range, about, whole));

/** The whole chart as SVG text: title, legend, grid, axes with labels, the drawing, and a caption. */
export function chartFrame(options: ChartOptions, parts: FrameParts): string {
  const { title, width = 560, height = 320 } = options;
  const legend = layOutLegend(parts.legend ?? [], width);
  const top = 40 + legend.height;
  const bottom = height - 46 - (parts.caption ? 20 : 0);
  const yScale = axisScale(options.y, parts.yDomain, [bottom, top], Math.max(2, Math.floor((bottom - top) / 40)));
  const longest = Math.max(...yScale.ticks.map((tick) => yScale.format(tick).length));
  const left = 34 + 7.2 * longest;
  const right = width - 20;
  const xScale = axisScale(options.x, parts.xDomain, [left, right], Math.max(2, Math.floor((right - left) / 70)));

  const gridLine = (x1: number, y1: number, x2: number, y2: number, strong = false) =>
    element('line', {
      x1,
      y1,
      x2,
      y2,
      stroke: strong ? ink.axis : ink.grid,
      class: strong ? 'rp-axis' : 'rp-grid',
    });
  const xMarks = parts.xTicks === false ? [] : xScale.ticks;
  const axes = [
    ...yScale.ticks.map((tick) => gridLine(left, yScale(tick), right, yScale(tick))),
    gridLine(left, bottom, right, bottom, true),
    ...xMarks.map((tick) => gridLine(xScale(tick), bottom, xScale(tick), bottom + 4, true)),
    ...xMarks.map((tick) => text(xScale(tick), bottom + 18, xScale.format(tick), { 'text-anchor': 'middle' })),
    ...yScale.ticks.map((tick) => text(left - 8, yScale(tick) + 4, yScale.format(tick), { 'text-anchor': 'end' })),
  ];
  const middle = (top + bottom) / 2;
  const labels = [
    text(0, 20, title, { x: 14, fill: ink.text, class: 'rp-text', 'font-size': 15, 'font-weight': 600 }),
    text((left + right) / 2, bottom + 37, options.x.label, { 'text-anchor': 'middle' }),
    text(16, middle, options.y.label, { 'text-anchor': 'middle', transform: `rotate(-90 16 ${middle})` }),
    ...(parts.caption ? [text(14, height - 8, parts.caption, { 'font-size': 11 })] : []),
  ];
  return svgRoot(title, width, height, [axes, parts.draw(xScale, yScale), legend.content, labels]);
}

/** Legend lines from 40 pixels below the top on, and the height they take. */
export function layOutLegend(items: readonly LegendItem[], width: number): { content: Markup[]; height: number } {
  let x = 14;
  let y = 40;
  const content = items.map(({ label, index, dashed, muted }) => {
    const advance = 40 + 7 * label.length;
    if (x > 14 && x + advance > width) [x, y] = [14, y + 18];
    const { color, strokeClass } = seriesColor(index);
    const mark = element('line', {
      x1: x,
      y1: y - 4,
      x2: x + 18,
      y2: y - 4,
      stroke: muted ? ink.axis : color,
      class: muted ? 'rp-axis' : strokeClass,
      'stroke-width': 4,
      'stroke-dasharray': dashed ? '5 3' : undefined,
    });
    const line = [mark, text(x + 24, y, label)];
    x += advance;
    return element('g', {}, line);
  });
  return { content, height: items.length ? y - 40 + 18 : 0 };
}
