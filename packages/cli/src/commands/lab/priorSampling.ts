import type { Command } from 'commander';
import { indicatorSampling, priorSampling } from 'reparam/lab';
import { lineChart } from 'reparam/plot';
import { type App, wholeOption } from '../../app.ts';
import { addLabOptions, type LabOptions } from './options.ts';
import { writeLab } from './output.ts';

/** `reparam lab prior-sampling`: why the likelihood is not estimated by drawing from the prior. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('prior-sampling')
    .summary('Monte Carlo error of sampling from the prior')
    .description(
      'How far log (1/K) Σ p(x given z_k) with z_k from the prior lies from log p(x), in linear-Gaussian models of growing latent dimension where log p(x) is known; and the same lesson for a softmax, whose likelihood is estimated by drawing classes from it.',
    )
    .option('--examples <n>', 'examples, each with draws of its own', wholeOption(2), 40);
  addLabOptions(command, 'reparam lab prior-sampling --seed 1', false);
  app.action<[], LabOptions & { examples: number }>(command, async (_, { out, seed, examples }) => {
    const errors = priorSampling({ seed, examples });
    const indicators = indicatorSampling({ seed });
    const counts = [...new Set(errors.map(({ numSamples }) => numSamples))];
    const chart = lineChart({
      title: 'Prior sampling: estimate − log p(x), nats',
      x: { label: 'latent dimensions' },
      y: { label: 'bias (nats an example)' },
      series: counts.map((k) => ({
        name: `${k.toLocaleString('en')} draws`,
        points: errors
          .filter((e) => e.numSamples === k)
          .map((e) => [e.latentDim, e.bias, 2 * e.standardError] as const),
      })),
    });
    const twin = lineChart({
      title: 'Indicator sampling: share of estimates that are −∞',
      x: { label: 'equally likely classes', log: true },
      y: { label: 'share of estimates' },
      series: [
        ...counts.map((k) => ({
          name: `${k.toLocaleString('en')} draws`,
          points: indicators.filter((e) => e.numSamples === k).map((e) => [e.classes, e.shareInfinite] as const),
        })),
        ...counts.map((k) => ({
          name: `exact`,
          dashed: true,
          points: indicators.filter((e) => e.numSamples === k).map((e) => [e.classes, e.exactShareInfinite] as const),
        })),
      ],
    });
    return writeLab(out, {
      title: 'Sampling from the prior',
      lead: [
        'Draws from the prior rarely fall where p(x|z) is large. The estimate of log p(x) is then far too low, and more draws help only as their logarithm, while the volume to be hit shrinks exponentially with the dimension.',
        'A classifier whose log-likelihood is estimated by drawing classes from its own softmax has the same fate: where a class is rarer than 1/K, no draw hits it, and the estimate is −∞.',
      ],
      figures: [
        {
          name: 'prior-sampling',
          svg: chart,
          caption: 'Linear-Gaussian models with 64 values; bands: two standard errors over examples.',
        },
        { name: 'indicator-sampling', svg: twin, caption: 'Dashed: (1 − p)^K.' },
      ],
      tables: [
        {
          name: 'prior-sampling',
          title: 'log (1/K) Σ p(x|z_k) − log p(x), nats an example',
          columns: ['latent dimensions', 'draws', 'bias', 'standard error', 'root mean square'],
          rows: errors.map((e) => [e.latentDim, e.numSamples, e.bias, e.standardError, e.rootMeanSquare]),
        },
        {
          name: 'indicator-sampling',
          title: 'log (1/K) Σ 1[y = y_k] against log p(y)',
          columns: ['classes', 'draws', 'share −∞', 'exact share', 'root mean square of the others'],
          rows: indicators.map((e) => [
            e.classes,
            e.numSamples,
            e.shareInfinite,
            e.exactShareInfinite,
            e.rootMeanSquare,
          ]),
        },
      ],
      settings: { seed, examples },
    });
  });
}
