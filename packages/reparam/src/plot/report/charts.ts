import { principalPlane } from '../principalComponents.ts';
import { barChart } from '../svg/barChart.ts';
import { lineChart } from '../svg/lineChart.ts';
import { scatterPlot } from '../svg/scatterPlot.ts';
import type { EpochTerms, LatentCodes, RunReport } from './runReport.ts';

const maxBars = 200;

/**
 * Curves by epoch, training and validation, as SVG charts: ELBO, rate and distortion, or one chart where `elbo` is no lower bound; what is
 * minimised, where that is not minus the ELBO; cross-entropy and accuracy of labels.
 */
export function learningCurves(history: readonly EpochTerms[], bound: RunReport['bound'] = 'lower'): string[] {
  const chart = (title: string, term: string, { unit = 'nats/example', factor = 1 } = {}): string[] => {
    const points = (part: 'train' | 'validation') =>
      history.flatMap((each) => {
        const value = each[part]?.[term];
        return typeof value === 'number' ? [[each.epoch, factor * value] as const] : [];
      });
    const [training, validation] = [points('train'), points('validation')];
    const series = [
      ...(training.length > 0 ? [{ name: 'training', points: training }] : []),
      ...(validation.length > 0 ? [{ name: 'validation', dashed: true, points: validation }] : []),
    ];
    if (series.length === 0) return [];
    const x = { label: 'epoch', whole: true };
    const y = { label: training.length > 0 ? unit : `${unit}, validation` };
    return [lineChart({ title, x, y, width: 400, height: 290, series })];
  };
  return [
    ...boundCurves(bound).flatMap(([title, term]) => chart(title, term)),
    ...(history.some(isMore) ? chart('Loss: what is minimised', 'loss') : []),
    ...chart('Cross-entropy of labels', 'labelLoss', { unit: 'nats/label' }),
    ...chart('Cross-entropy of labels', 'crossEntropy', { unit: 'nats/label' }),
    ...chart('Accuracy (higher is better)', 'accuracy', { unit: '% of labels', factor: 100 }),
  ];
}

/** Whether the loss has other terms than the ELBO. */
const isMore = ({ train: { loss, elbo } }: EpochTerms): boolean =>
  loss !== undefined && Math.abs(loss + elbo) > 1e-5 * Math.max(1, Math.abs(elbo));

function boundCurves(bound: RunReport['bound']): readonly (readonly [title: string, term: string])[] {
  if (bound === 'exact') return [['log p(x) (higher is better)', 'elbo']];
  if (bound === 'none') return [['log p(x|z) (higher is better)', 'elbo']];
  return [
    ['ELBO (higher is better)', 'elbo'],
    ['Rate', 'rate'],
    ['Distortion', 'distortion'],
  ];
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
