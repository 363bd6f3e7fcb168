import { ReparamError } from '@reparam/tensor';
import { sheet, sheetTop, svgRoot } from './sheet.ts';
import { text } from './text.ts';
import { wrapText } from './textLines.ts';

/** Charts beside and below each other in one SVG under one title. */
export function sideBySide(
  charts: readonly string[],
  { title, caption, columns = 2 }: { readonly title: string; readonly caption?: string; readonly columns?: number },
): string {
  const sizes = charts.map(sizeOfSvg);
  const across = Math.min(columns, charts.length);
  const widths = Array.from({ length: across }, (_, c) =>
    Math.max(...sizes.filter((_, i) => i % across === c).map(({ width }) => width)),
  );
  const content: { markup: string }[] = [];
  let y = sheetTop;
  for (let row = 0; row * across < charts.length; row++) {
    let x = 0;
    const inRow = sizes.slice(row * across, (row + 1) * across);
    inRow.forEach((_, c) => {
      content.push({ markup: charts[row * across + c]!.replace(/^<svg /, `<svg x="${x}" y="${y}" `) });
      x += widths[c]!;
    });
    y += Math.max(...inRow.map(({ height }) => height));
  }
  return sheet({ title, caption, width: widths.reduce((sum, width) => sum + width, 0), height: y - sheetTop }, content);
}

/** A chart with words below it, wrapped to its width. */
export function withCaption(svg: string, caption: string): string {
  const { width, height } = sizeOfSvg(svg);
  const lines = wrapText(caption, width - 28, 12);
  const title = /aria-label="([^"]*)"/.exec(svg)?.[1] ?? '';
  return svgRoot('', width, height + 14 + 17 * lines.length, [
    { markup: svg },
    lines.map((line, i) => text(14, height + 10 + 17 * i, line)),
  ]).replace('aria-label=""', `aria-label="${title}"`);
}

/** Width and height of a chart in pixels; `data` error for other text. */
function sizeOfSvg(svg: string): { width: number; height: number } {
  const [, width, height] = /^<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? [];
  if (!width || !height) throw new ReparamError('data', 'a chart without a size', { expected: 'SVG with a viewBox' });
  return { width: Number(width), height: Number(height) };
}
