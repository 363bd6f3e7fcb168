import type { Command } from 'commander';
import { fit } from 'reparam';
import { encoderGradients, gradientVariance } from 'reparam/lab';
import { lineChart } from 'reparam/plot';
import { type App, wholeOption } from '../../app.ts';
import { addLabOptions, type LabOptions, labData, showProgress, smallVae } from './options.ts';
import { writeLab } from './output.ts';

interface GradientsOptions extends LabOptions {
  readonly dataset: string;
  readonly repeats: number;
  readonly draws: number;
}

/** `reparam lab gradients`: how estimators of a gradient vary. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('gradients')
    .summary('variance of gradient estimators, exact and measured')
    .description(
      'Variance of score-function (without and with the best constant baseline) and reparameterised estimates of d/dθ E x² with x ~ N(θ, 1), θ = 2, for means of N = 10 … 100,000 draws, beside the exact lines; then of the encoder’s gradient in a VAE on digits, by estimator, doubly reparameterised (DReG) among them.',
    )
    .option('--dataset <name>', 'data of the VAE', 'digits')
    .option('--repeats <n>', 'means whose variance is taken', wholeOption(2), 400)
    .option('--draws <n>', 'gradients of the VAE whose variance is taken', wholeOption(2), 100);
  addLabOptions(command, 'reparam lab gradients');
  app.action<[], GradientsOptions>(command, async (session, { out, seed, dataset, repeats, draws }) => {
    const rows = gradientVariance({ repeats, seed });
    const names = [...new Set(rows.map(({ estimator }) => estimator))];
    const of = (name: string) => rows.filter(({ estimator }) => estimator === name);
    const chart = lineChart({
      title: 'Variance of estimates of d/dθ E x², x ~ N(θ, 1), θ = 2',
      x: { label: 'draws a mean is over', log: true },
      y: { label: 'variance', log: true },
      series: [
        ...names.map((name) => ({
          name,
          points: of(name).map((r) => [r.size, r.variance, 2 * r.standardError] as const),
        })),
        ...names.map((name) => ({
          name: `${name}, exact`,
          dashed: true,
          points: of(name).map((r) => [r.size, r.exact] as const),
        })),
      ],
    });

    const data = await labData(session, dataset, 'train', 2000);
    const model = smallVae(data.shape);
    const runtime = await session.runtime();
    const signal = session.interruptible();
    const epochs = 20;
    const training = fit(model, data, {
      runtime,
      epochs,
      batchSize: 100,
      binarization: 'dynamic',
      learningRate: 3e-3,
      seed,
      signal,
    });
    for await (const { epoch } of training) showProgress(session, 'training a VAE')(epoch / epochs);
    const encoders = await encoderGradients(model, training.params, data, {
      runtime,
      draws,
      seed,
      binarization: 'dynamic',
      signal,
    });
    return writeLab(out, {
      title: 'Variance of gradient estimators',
      lead: [
        'The score function weighs ∇ log q with f and varies far more than the derivative of f through the draw. A constant baseline helps; reparameterising helps more. Dashed: exact. Bands: two standard errors.',
        `Below: the gradient of one minibatch of ${data.name} in the encoder’s parameters, as z is drawn again and again, in a VAE trained for ${epochs} epochs. Signal to noise: norm of the mean gradient over the root of the summed variances.`,
      ],
      figures: [
        { name: 'gradients', svg: chart, caption: 'Measured (lines with bands) on the exact values (dashed).' },
      ],
      tables: [
        {
          name: 'gradients',
          title: 'Variance of d/dθ E x², θ = 2, s = 1',
          columns: ['estimator', 'draws', 'measured', 'standard error', 'exact'],
          rows: rows.map((r) => [r.estimator, r.size, r.variance, r.standardError, r.exact]),
        },
        {
          name: 'encoder',
          title: `Encoder gradient of a VAE on ${data.name}`,
          columns: ['estimator', 'bound', 'draws of z', 'variance a parameter', 'signal to noise'],
          rows: encoders.map((r) => [r.estimator, r.bound, r.numSamples, r.variance, r.signalToNoise]),
        },
      ],
      settings: { seed, repeats, draws, dataset: data.name, runtime: runtime.name },
    });
  });
}
