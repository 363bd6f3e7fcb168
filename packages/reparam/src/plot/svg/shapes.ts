import { type Content, element, type Markup } from './markup.ts';
import { ink } from './palette.ts';
import { text } from './text.ts';

/** A place on a drawing in pixels. */
export type Point = readonly [x: number, y: number];

/** How a line looks. */
export interface LineLook {
  readonly dashed?: boolean;
  readonly color?: string;
  readonly className?: string;
  /** How far a curve bends to the left of its direction, in pixels; default 0: straight. */
  readonly bend?: number;
}

/** An arrow from one point to another, its tip at the second. */
export function arrow(
  from: Point,
  to: Point,
  { dashed, color = ink.muted, className = 'rp-edge', bend = 0 }: LineLook = {},
): Markup {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  const [ux, uy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const control: Point = [(from[0] + to[0]) / 2 + 2 * bend * uy, (from[1] + to[1]) / 2 - 2 * bend * ux];
  const arriving = Math.hypot(to[0] - control[0], to[1] - control[1]) || 1;
  const [tx, ty] = [(to[0] - control[0]) / arriving, (to[1] - control[1]) / arriving];
  const end: Point = [to[0] - 8 * tx, to[1] - 8 * ty];
  const corners: readonly Point[] = [to, [end[0] - 4 * ty, end[1] + 4 * tx], [end[0] + 4 * ty, end[1] - 4 * tx]];
  return element(
    'g',
    { class: className, stroke: color, fill: color },
    element('path', {
      d: `M${place(from)}Q${place(control)} ${place(end)}`,
      fill: 'none',
      'stroke-width': '1.6',
      'stroke-dasharray': dashed ? '5 4' : undefined,
    }),
    element('path', { d: `M${corners.map(place).join('L')}Z`, stroke: 'none' }),
  );
}

const place = ([x, y]: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** Lines of text around a middle. */
export const centred = (x: number, y: number, lines: readonly string[], size = 12): Content =>
  lines.map((line, i) =>
    text(x, y + size * 0.36 + (i - (lines.length - 1) / 2) * (size + 4), line, {
      'text-anchor': 'middle',
      'font-size': size,
      fill: ink.text,
      class: 'rp-text',
    }),
  );

/** How a shape is filled: `observed` grey, `random` white with a strong border, `plain` white. */
export type ShapeKind = 'plain' | 'observed' | 'random';

const fills: Record<ShapeKind, Readonly<Record<string, string | number>>> = {
  plain: { fill: ink.background, stroke: ink.axis, class: 'rp-shape', 'stroke-width': 1.2 },
  observed: { fill: ink.grid, stroke: ink.muted, class: 'rp-shape-observed', 'stroke-width': 1.5 },
  random: { fill: ink.background, stroke: '#1536ef', class: 'rp-shape-random', 'stroke-width': 2.2 },
};

/** A rounded box with lines of text, around (x, y). */
export const box = (
  x: number,
  y: number,
  width: number,
  height: number,
  lines: readonly string[],
  kind: ShapeKind = 'plain',
): Markup =>
  element(
    'g',
    {},
    element('rect', { x: x - width / 2, y: y - height / 2, width, height, rx: 7, ...fills[kind] }),
    centred(x, y, lines),
  );

/** A circle with lines of text. */
export const node = (
  x: number,
  y: number,
  radius: number,
  lines: readonly string[],
  kind: ShapeKind = 'plain',
  size = 15,
): Markup =>
  element('g', {}, element('circle', { cx: x, cy: y, r: radius, ...fills[kind] }), centred(x, y, lines, size));
