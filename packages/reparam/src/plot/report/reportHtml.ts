import { type Content, element, type Markup } from '../svg/markup.ts';
import { klChart, latentChart, learningCurves } from './charts.ts';
import { pageHtml, picture, table } from './figurePage.ts';
import { meanings, ofBounds } from './meanings.ts';
import type { ReportFigure, RunReport } from './runReport.ts';
import { figureTable, nestedTable } from './tables.ts';

/**
 * One self-contained page about a run: no scripts, nothing loaded from elsewhere, light and dark.
 * Every text of the report is escaped.
 */
export function reportHtml(report: RunReport): string {
  const {
    title,
    objective,
    dataset,
    preset,
    warnings,
    test,
    history,
    bound = 'lower',
    klPerDimension,
    latent,
    pictures,
    figures = [],
    tables = [],
  } = report;
  const chart = (markup: string, kind = '') => element('figure', { class: `chart ${kind}` }, { markup });
  const body = element(
    'main',
    {},
    element('h1', {}, title),
    element('p', { class: 'lead' }, objective),
    element('p', { class: 'muted' }, `Data: ${dataset}. Preset: ${preset}.`),
    warnings.map((warning) => element('p', { class: 'warning', role: 'note' }, `Warning: ${warning}`)),
    section('Test set', test.length > 0, () => figureTable(test)),
    tables.map(table),
    section('Learning curves', history.length > 0, () =>
      element(
        'div',
        { class: 'charts' },
        learningCurves(history, bound).map((svg) => chart(svg)),
      ),
    ),
    section('Pictures', pictures.length > 0, () => element('div', { class: 'pictures' }, pictures.map(picture))),
    section('Latent space', klPerDimension.length > 0 || latent !== undefined, () => [
      ...(klPerDimension.length ? [chart(klChart(klPerDimension, report.activeUnits), 'wide')] : []),
      ...(latent ? [chart(latentChart(latent), 'plane')] : []),
    ]),
    section('Figures', figures.length > 0, () => element('div', { class: 'figures' }, figures.map(figure))),
    section('What every figure means', true, () =>
      element(
        'dl',
        {},
        meanings
          .filter(([term]) => bound === 'lower' || !ofBounds.has(term))
          .map(([term, meaning]) => [element('dt', {}, term), element('dd', {}, meaning)]),
      ),
    ),
    section('Configuration', report.config !== undefined, () =>
      element('div', { class: 'scroll' }, nestedTable(report.config)),
    ),
    section('Environment', Object.keys(report.environment).length > 0, () =>
      element('div', { class: 'scroll' }, nestedTable(report.environment)),
    ),
  );
  return pageHtml(title, body);
}

const section = (heading: string, present: boolean, content: () => Content): Markup[] =>
  present ? [element('section', {}, element('h2', {}, heading), content())] : [];

const figure = ({ svg, caption }: ReportFigure): Markup =>
  element('figure', { class: 'chart figure' }, { markup: svg }, element('figcaption', {}, caption));
