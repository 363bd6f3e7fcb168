import { type Content, element, render } from './markup.ts';
import { ink } from './palette.ts';
import { text } from './text.ts';
import { wrapText } from './textLines.ts';

/** Title above and explanation below a drawing. */
export interface SheetOptions {
  readonly title: string;
  readonly caption?: string;
  /** Of the drawing, in pixels. */
  readonly width: number;
  readonly height: number;
}

/** The font of all charts, with figures of equal width. */
export const font =
  'font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums';

/** How far below the top edge the drawing of a sheet starts. */
export const sheetTop = 36;

/** A drawing with its title and its wrapped caption as SVG text; `content` is drawn from (0, sheetTop) on. */
export function sheet({ title, caption, width, height }: SheetOptions, content: Content): string {
  const lines = caption ? wrapText(caption, width - 28, 11) : [];
  const bottom = sheetTop + height;
  const whole = bottom + (lines.length ? 10 + 15 * lines.length : 0);
  return svgRoot(title, width, whole, [
    content,
    text(14, 22, title, { fill: ink.text, class: 'rp-text', 'font-size': 15, 'font-weight': 600 }),
    lines.map((line, i) => text(14, bottom + 15 * (i + 1), line, { 'font-size': 11 })),
  ]);
}

/** An SVG document with a background. */
export const svgRoot = (title: string, width: number, height: number, content: Content): string =>
  render(
    element(
      'svg',
      {
        xmlns: 'http://www.w3.org/2000/svg',
        viewBox: `0 0 ${Math.round(width)} ${Math.round(height)}`,
        width: Math.round(width),
        height: Math.round(height),
        role: 'img',
        'aria-label': title,
        style: font,
      },
      element('rect', {
        width: Math.round(width),
        height: Math.round(height),
        fill: ink.background,
        class: 'rp-background',
      }),
      content,
    ),
  );
