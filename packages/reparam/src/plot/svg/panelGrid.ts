import { type LegendItem, layOutLegend } from './frame.ts';
import { type Content, element } from './markup.ts';
import { ink } from './palette.ts';
import { linearScale, type Scale } from './scale.ts';
import { sheet, sheetTop } from './sheet.ts';
import { text } from './text.ts';

/** A small chart: its heading, what it spans and what it draws. */
export interface Panel {
  readonly title: string;
  readonly xDomain: readonly [number, number];
  /** The lower end stands on the axis. */
  readonly yDomain: readonly [number, number];
  readonly draw: (x: Scale, y: Scale) => Content;
}

/** Many small charts in rows. */
export interface PanelGridOptions {
  readonly title: string;
  readonly caption?: string;
  readonly legend?: readonly LegendItem[];
  readonly panels: readonly Panel[];
  /** Panels a row; default 4, or fewer. */
  readonly columns?: number;
}

const [panelWidth, panelHeight, gap, margin] = [172, 112, 28, 20];

/** Small charts in rows under one title as SVG. Their vertical axes carry no marks: shapes are to be compared, not values. */
export function panelGrid({ title, caption, legend = [], panels, columns: wanted = 4 }: PanelGridOptions): string {
  const columns = Math.max(1, Math.min(wanted, panels.length));
  const rows = Math.ceil(panels.length / columns);
  const width = 2 * margin + columns * (panelWidth + gap) - gap;
  const key = layOutLegend(legend, width);
  const top = sheetTop + key.height;
  const drawn = panels.map((panel, i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    const [left, above] = [margin + column * (panelWidth + gap), top + row * (panelHeight + 44)];
    const floor = above + 20 + panelHeight;
    const x = linearScale(panel.xDomain, [left, left + panelWidth], 4);
    const [low, high] = panel.yDomain;
    const y = Object.assign((value: number) => floor - ((value - low) / (high - low || 1)) * panelHeight, {
      ticks: [],
      format: String,
    });
    const line = { stroke: ink.axis, class: 'rp-axis' };
    return [
      text(left + panelWidth / 2, above + 13, panel.title, {
        'text-anchor': 'middle',
        fill: ink.text,
        class: 'rp-text',
      }),
      panel.draw(x, y),
      element('line', { x1: left, x2: left + panelWidth, y1: floor, y2: floor, ...line }),
      x.ticks.map((tick) => [
        element('line', { x1: x(tick), x2: x(tick), y1: floor, y2: floor + 3, ...line }),
        text(x(tick), floor + 14, x.format(tick), { 'text-anchor': 'middle', 'font-size': 10 }),
      ]),
    ];
  });
  const height = key.height + rows * (panelHeight + 44);
  return sheet({ title, caption, width, height }, [key.content, drawn]);
}
