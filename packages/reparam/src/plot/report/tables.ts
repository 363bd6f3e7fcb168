import { element, type Markup } from '../svg/markup.ts';
import { formatNumber } from '../svg/scale.ts';
import type { TestFigure } from './runReport.ts';

const deepest = 12;

/** The figures of the test set with their standard errors and units. */
export function figureTable(figures: readonly TestFigure[]): Markup {
  const head = ['', 'value', '± standard error', 'unit'].map((label, i) =>
    element('th', { class: i === 1 ? 'figure' : undefined, scope: 'col' }, label),
  );
  const rows = figures.map(({ name, value, standardError, unit, meaning }) => {
    const decimals = figureDecimals(value, standardError);
    const error = standardError === undefined ? '' : `± ${formatNumber(standardError, decimals)}`;
    return element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      element('td', { class: 'figure' }, formatNumber(value, decimals)),
      element('td', { class: 'error' }, error),
      element('td', {}, unit),
      element('td', { class: 'muted meaning' }, meaning ?? ''),
    );
  });
  const table = element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...head, element('th', { class: 'meaning' }))),
    element('tbody', {}, rows),
  );
  return element('div', { class: 'scroll' }, table);
}

/** Any JSON value as nested tables; lists of plain values stay on one line. */
export function nestedTable(value: unknown, depth = 0): Markup {
  if (depth >= deepest || typeof value !== 'object' || value === null) {
    return element('span', {}, typeof value === 'string' ? value : (JSON.stringify(value) ?? '—'));
  }
  if (Array.isArray(value) && value.every((each) => typeof each !== 'object' || each === null)) {
    return element(
      'span',
      {},
      value.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(', '),
    );
  }
  const rows = Object.entries(value).map(([key, child]) =>
    element('tr', {}, element('th', { scope: 'row' }, key), element('td', {}, nestedTable(child, depth + 1))),
  );
  return element('table', { class: 'nested' }, element('tbody', {}, rows));
}

/** Two digits of the standard error; without one, none for whole numbers and two for the others. */
function figureDecimals(value: number, standardError?: number): number {
  if (standardError !== undefined && standardError > 0 && Number.isFinite(standardError)) {
    return Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(standardError))));
  }
  return Number.isInteger(value) ? 0 : 2;
}
