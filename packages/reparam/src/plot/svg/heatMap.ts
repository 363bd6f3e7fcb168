import { ReparamError } from '@reparam/tensor';
import { element } from './markup.ts';
import { ink, seriesColor } from './palette.ts';
import { formatNumber } from './scale.ts';
import { sheet, sheetTop } from './sheet.ts';
import { text } from './text.ts';
import { textWidth } from './textLines.ts';

/** A matrix as a picture. */
export interface HeatMapOptions {
  readonly title: string;
  readonly caption?: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** Numbers from 0 on, row-major [rows, columns]. */
  readonly values: ArrayLike<number>;
  /** The number in full colour; default the largest. */
  readonly most?: number;
  /** Of the numbers; default 2. */
  readonly decimals?: number;
}

const [cellHeight, numberSize] = [26, 10];

/** A matrix of coloured cells with its numbers in them, as SVG; rows and columns by name. */
export function heatMap({ title, caption, rows, columns, values, most, decimals = 2 }: HeatMapOptions): string {
  if (values.length !== rows.length * columns.length || values.length === 0) {
    throw new ReparamError('shape', 'values of a heat map', {
      got: `${values.length}`,
      expected: `${rows.length} × ${columns.length}`,
    });
  }
  const full = most ?? Math.max(...Array.from(values));
  const cellWidth = Math.max(30, ...columns.map((name) => textWidth(name, 11) + 6));
  const left = 24 + Math.max(...rows.map((name) => textWidth(name)));
  const top = sheetTop + 20;
  const { color, fillClass } = seriesColor(0);
  const names = [
    ...columns.map((name, j) =>
      text(left + (j + 0.5) * cellWidth, top - 6, name, { 'text-anchor': 'middle', 'font-size': 11 }),
    ),
    ...rows.map((name, i) => text(left - 8, top + (i + 0.5) * cellHeight + 4, name, { 'text-anchor': 'end' })),
  ];
  const cells = Array.from(values, (value, at) => {
    const [x, y] = [left + (at % columns.length) * cellWidth, top + Math.floor(at / columns.length) * cellHeight];
    const share = Math.min(1, Math.max(0, value / (full || 1)));
    const attributes = { x, y, width: cellWidth - 1, height: cellHeight - 1 };
    return [
      element('rect', { ...attributes, fill: ink.axis, 'fill-opacity': '0.12' }),
      element('rect', { ...attributes, fill: color, class: fillClass, 'fill-opacity': share.toFixed(3) }),
      text(x + (cellWidth - 1) / 2, y + cellHeight / 2 + 3, formatNumber(value, decimals), {
        'text-anchor': 'middle',
        'font-size': numberSize,
        ...(share > 0.5 ? { fill: ink.background, class: undefined } : { fill: ink.text, class: 'rp-text' }),
      }),
    ];
  });
  const width = Math.max(left + columns.length * cellWidth + 14, 28 + textWidth(title, 16));
  return sheet({ title, caption, width, height: 20 + rows.length * cellHeight }, [names, cells]);
}
