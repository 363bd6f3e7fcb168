import { ReparamError } from '@reparam/tensor';
import { sheet, sheetTop } from './sheet.ts';

/** Charts beside and below each other in one SVG under one title. */
export function sideBySide(
  charts: readonly string[],
  { title, caption, columns = 2 }: { readonly title: string; readonly caption?: string; readonly columns?: number },
): string {
  const sizes = charts.map((svg) => {
    const [, width, height] = /^<svg [^>]*viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? [];
    if (!width || !height) throw new ReparamError('data', 'a chart without a size', { expected: 'SVG with a viewBox' });
    return { width: Number(width), height: Number(height) };
  });
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
