import { base64 } from '../base64.ts';
import { type Content, element, type Markup, render } from '../svg/markup.ts';
import type { ReportPicture } from './runReport.ts';
import { reportStyle } from './style.ts';
import { nestedTable } from './tables.ts';

/** A chart of a page: SVG text, and what it shows. */
export interface PageFigure {
  readonly svg: string;
  readonly caption?: string;
}

/** A table of a page: cells as they are to be read. */
export interface PageTable {
  readonly title?: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What a page of figures shows, from top to bottom. */
export interface FigurePage {
  readonly title: string;
  /** What is measured, one paragraph each. */
  readonly lead: readonly string[];
  readonly warnings?: readonly string[];
  readonly figures: readonly PageFigure[];
  readonly pictures?: readonly ReportPicture[];
  readonly tables: readonly PageTable[];
  /** Any JSON, as a nested table under "Settings". */
  readonly settings?: unknown;
}

/** One self-contained page of charts and tables: no scripts, nothing loaded from elsewhere, light and dark; all text is escaped. */
export function figurePage({
  title,
  lead,
  warnings = [],
  figures,
  pictures = [],
  tables,
  settings,
}: FigurePage): string {
  const body = element(
    'main',
    {},
    element('h1', {}, title),
    lead.map((text, i) => element('p', { class: i === 0 ? 'lead' : 'muted' }, text)),
    warnings.map((warning) => element('p', { class: 'warning', role: 'note' }, `Warning: ${warning}`)),
    element(
      'section',
      {},
      figures.map(({ svg, caption }) =>
        element('figure', { class: 'chart wide' }, { markup: svg }, caption ? element('figcaption', {}, caption) : []),
      ),
    ),
    pictures.length > 0 ? element('section', {}, element('div', { class: 'pictures' }, pictures.map(picture))) : [],
    tables.map(table),
    settings === undefined
      ? []
      : element(
          'section',
          {},
          element('h2', {}, 'Settings'),
          element('div', { class: 'scroll' }, nestedTable(settings)),
        ),
  );
  return pageHtml(title, body);
}

/** A whole page of `body` with the style of reports. */
export const pageHtml = (title: string, body: Content): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
${render(element('title', {}, title))}
<style>${reportStyle}</style>
</head>
<body>
${render(body)}
</body>
</html>
`;

/** A picture with its title and caption. */
export function picture({ title, caption, png }: ReportPicture): Markup {
  const image = `<img alt="${render(title)}" src="data:image/png;base64,${base64(png)}">`;
  return element(
    'figure',
    { class: 'picture' },
    element('strong', {}, title),
    { markup: image },
    element('figcaption', {}, caption),
  );
}

/** A table with its title. */
export function table({ title, columns, rows }: PageTable): Markup {
  // Columns of numbers are set to the right, columns of words to the left.
  const isWords = columns.map((_, i) => i === 0 || rows.some((row) => /^[a-zΣ]/i.test(row[i] ?? '')));
  const cells = (row: readonly string[], name: string) =>
    row.map((cell, i) => element(name, { class: isWords[i] ? undefined : 'figure' }, cell));
  return element(
    'section',
    {},
    title === undefined ? [] : element('h2', {}, title),
    element(
      'div',
      { class: 'scroll' },
      element(
        'table',
        {},
        element('thead', {}, element('tr', {}, cells(columns, 'th'))),
        element(
          'tbody',
          {},
          rows.map((row) => element('tr', {}, cells(row, 'td'))),
        ),
      ),
    ),
  );
}
