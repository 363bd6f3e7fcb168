import { principalPlane } from '../principalComponents.ts';
import { barChart } from '../svg/barChart.ts';
import { lineChart } from '../svg/lineChart.ts';
import { scatterPlot } from '../svg/scatterPlot.ts';
import type { BoundTerms, EpochTerms, LatentCodes, RunReport } from './runReport.ts';

const maxBars = 200;

/** ELBO, rate and distortion by epoch, training and validation, as three SVG charts; one chart where `elbo` is no lower bound; and the accuracy of labels on validation examples. */
export function learningCurves(history: readonly EpochTerms[], bound: RunReport['bound'] = 'lower'): string[] {
  const validated = history.filter((each) => each.validation);
  const chart = (title: string, term: keyof BoundTerms) =>
    lineChart({
      title,
      x: { label: 'epoch', whole: true },
      y: { label: 'nats/example' },
      width: 400,
      height: 290,
      series: [
        { name: 'training', points: history.map(({ epoch, train }) => [epoch, train[term]]) },
        ...(validated.length
          ? [
              {
                name: 'validation',
                dashed: true,
                points: validated.map(({ epoch, validation }) => [epoch, validation![term]] as const),
              },
            ]
          : []),
      ],
    });
  const told = history.flatMap(({ epoch, validation }) =>
    validation?.accuracy === undefined ? [] : [[epoch, 100 * validation.accuracy] as const],
  );
  const accuracy = lineChart({
    title: 'Accuracy (higher is better)',
    x: { label: 'epoch', whole: true },
    y: { label: '% of labels' },
    width: 400,
    height: 290,
    series: [{ name: 'validation', dashed: true, points: told }],
  });
  return [...boundCharts(chart, bound), ...(told.length > 0 ? [accuracy] : [])];
}

function boundCharts(chart: (title: string, term: keyof BoundTerms) => string, bound: RunReport['bound']): string[] {
  if (bound === 'exact') return [chart('log p(x) (higher is better)', 'elbo')];
  if (bound === 'none') return [chart('log p(x|z) (higher is better)', 'elbo')];
  return [chart('ELBO (higher is better)', 'elbo'), chart('Rate', 'rate'), chart('Distortion', 'distortion')];
}

/** KL of every latent dimension, largest first, active units coloured, as an SVG chart. */
export function klChart(klPerDimension: readonly number[], activeUnits: readonly number[]): string {
  const active = new Set(activeUnits);
  const bars = klPerDimension
    .map((value, i) => ({ label: String(i), value, muted: !active.has(i) }))
    .sort((a, b) => b.value - a.value);
  const count = klPerDimension.length;
  return barChart({
    title: 'KL per latent dimension',
    x: { label: 'latent dimension, sorted by KL' },
    y: { label: 'nats/example' },
    width: 1140,
    bars: bars.slice(0, maxBars),
    legend: { coloured: `active (${active.size} of ${count})`, muted: 'inactive' },
    caption: count > maxBars ? `the ${maxBars} largest of ${count} dimensions` : undefined,
  });
}

/** Posterior means in the plane, coloured by class: the two dimensions, or the first two principal components. */
export function latentChart({
  codes,
  dim,
  labels,
  classNames,
  marked,
  title = 'Latent plane (posterior means)',
}: LatentCodes): string {
  const plane = principalPlane(codes, dim);
  const common = {
    title,
    width: 760,
    height: 620,
    labels,
    classNames,
    ellipses: labels !== undefined,
    marked: marked && (dim === 2 ? marked : plane.project(marked)),
  };
  if (dim === 2) return scatterPlot({ ...common, points: codes, x: { label: 'z₀' }, y: { label: 'z₁' } });
  const { points, share } = plane;
  return scatterPlot({
    ...common,
    points,
    x: { label: dim === 1 ? 'z₀ − mean' : 'first principal component' },
    y: { label: dim === 1 ? '' : 'second principal component' },
    caption: dim === 1 ? undefined : `${(100 * share).toFixed(1)} % of the variance of ${dim} dimensions`,
  });
}
