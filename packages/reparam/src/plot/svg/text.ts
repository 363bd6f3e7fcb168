import { element, type Markup } from './markup.ts';
import { ink } from './palette.ts';

/** One line of text in a chart. */
export function text(
  x: number,
  y: number,
  content: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
): Markup {
  const muted = { fill: ink.muted, class: 'rp-muted', 'font-size': 12 };
  return element('text', { x, y, ...muted, ...attributes }, content);
}
