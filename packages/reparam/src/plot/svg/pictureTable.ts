import { base64 } from '../base64.ts';
import { encodePng, type ImageSize, imageGrid, type Pixels } from '../png.ts';
import { type Content, element, type Markup } from './markup.ts';
import { ink } from './palette.ts';
import { sheet, sheetTop } from './sheet.ts';
import { text } from './text.ts';
import { textWidth } from './textLines.ts';

/** One picture of a table. */
export interface PictureCell {
  /** Values of one image, as `imageGrid` takes them; without them the place stays empty. */
  readonly pixels?: Pixels;
  /** Below the picture. */
  readonly note?: string;
  /** A frame around the picture. */
  readonly marked?: boolean;
}

/** A row of pictures with what stands to its left. */
export interface PictureRow {
  readonly label?: string;
  /** A second, smaller line under the label. */
  readonly note?: string;
  readonly cells: readonly PictureCell[];
}

/** Pictures in rows and columns with words around them. */
export interface PictureTableOptions extends ImageSize {
  readonly title: string;
  readonly caption?: string;
  /** Above the columns. */
  readonly columns?: readonly string[];
  readonly rows: readonly PictureRow[];
  /** Height of a picture on the page in pixels; default 56. */
  readonly cellSize?: number;
}

/** Labelled rows of pictures as SVG with the pictures inside. */
export function pictureTable(options: PictureTableOptions): string {
  const { title, caption, columns = [], rows, cellSize = 56, height: imageHeight, width: imageWidth } = options;
  const [cellHeight, cellWidth] = [cellSize, (cellSize * imageWidth) / imageHeight];
  const count = Math.max(columns.length, ...rows.map(({ cells }) => cells.length));
  const left =
    14 + Math.max(0, ...rows.flatMap(({ label = '', note = '' }) => [textWidth(label), textWidth(note, 10.5)])) + 10;
  const heading = columns.length ? 20 : 0;
  const noted = rows.some(({ cells }) => cells.some(({ note }) => note !== undefined));
  const widest = Math.max(
    0,
    ...rows.flatMap(({ cells }) => cells.map(({ note = '' }) => textWidth(note, 10.5))),
    ...columns.map((name) => textWidth(name, 11)),
  );
  const [stepX, stepY] = [Math.max(cellWidth + 4, widest + 6), cellHeight + (noted ? 22 : 8)];
  const content: Content[] = columns.map((name, i) =>
    text(left + i * stepX + cellWidth / 2, sheetTop + 12, name, { 'text-anchor': 'middle', 'font-size': 11 }),
  );
  rows.forEach(({ label, note, cells }, r) => {
    const top = sheetTop + heading + r * stepY;
    const middle = top + cellHeight / 2;
    if (label !== undefined) {
      content.push(
        text(left - 10, middle + (note ? -2 : 4), label, { 'text-anchor': 'end', fill: ink.text, class: 'rp-text' }),
      );
    }
    if (note) content.push(text(left - 10, middle + 12, note, { 'text-anchor': 'end', 'font-size': 10.5 }));
    cells.forEach((cell, i) => {
      const x = left + i * stepX;
      if (cell.pixels) content.push(picture(cell.pixels, options, x, top, cellWidth, cellHeight));
      if (cell.marked) {
        content.push(
          element('rect', {
            x: x - 1,
            y: top - 1,
            width: cellWidth + 2,
            height: cellHeight + 2,
            fill: 'none',
            stroke: '#f2454f',
            class: 'rp-stroke-1',
            'stroke-width': 2,
          }),
        );
      }
      if (cell.note !== undefined) {
        content.push(
          text(x + cellWidth / 2, top + cellHeight + 13, cell.note, { 'text-anchor': 'middle', 'font-size': 10.5 }),
        );
      }
    });
  });
  const width = Math.max(left + count * stepX + 10, 28 + textWidth(title, 16), caption ? 380 : 0);
  return sheet({ title, caption, width, height: heading + rows.length * stepY }, content);
}

/** One image at its own resolution, enlarged without smoothing. */
function picture(pixels: Pixels, size: ImageSize, x: number, y: number, width: number, height: number): Markup {
  const { height: rows, width: columns, channels, layout } = size;
  const png = encodePng(
    imageGrid(pixels, { height: rows, width: columns, channels, layout, count: 1, columns: 1, scale: 1, padding: 0 }),
  );
  const href = `data:image/png;base64,${base64(png)}`;
  return element('image', {
    x,
    y,
    width,
    height,
    href,
    'image-rendering': 'optimizeSpeed',
    preserveAspectRatio: 'none',
  });
}
