import type { Command } from 'commander';
import { compareTraining } from 'reparam/lab';
import { lineChart } from 'reparam/plot';
import { type App, wholeOption } from '../../app.ts';
import { addLabOptions, type LabOptions, labData, showProgress, smallVae } from './options.ts';
import { writeLab } from './output.ts';

interface TrainingCommandOptions extends LabOptions {
  readonly epochs: number;
}

/** `reparam lab training`: the same model by different gradients and weights of the rate. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('training')
    .argument('[dataset]', 'a name or a path', 'digits')
    .summary('score-function against reparameterised training; beta 0 against 1')
    .description(
      'Trains the same small VAE from the same start by the reparameterised gradient, by the score function with and without a baseline, and for the reconstruction only (beta = 0); compares learning curves and test figures.',
    )
    .option('--epochs <n>', 'epochs of each training', wholeOption(1), 60);
  addLabOptions(command, 'reparam lab training digits --epochs 30');
  app.action<[string], TrainingCommandOptions>(command, async (session, dataset, { out, seed, epochs }) => {
    const train = await labData(session, dataset, 'train', 2000);
    const test = await labData(session, dataset, 'test', 300);
    const runtime = await session.runtime();
    const variants = await compareTraining(smallVae(train.shape), train, test, {
      runtime,
      seed,
      epochs,
      binarization: 'dynamic',
      signal: session.interruptible(),
      onProgress: showProgress(session, 'training'),
    });
    const gradients = variants.filter(({ name }) => !name.startsWith('beta'));
    const chart = lineChart({
      title: `Learning curves on ${train.name}, by gradient`,
      x: { label: 'epoch', whole: true },
      y: { label: 'ELBO (nats an example)' },
      series: gradients.map(({ name, curve }) => ({ name, points: curve.map((value, i) => [i + 1, value] as const) })),
    });
    const weighed = variants.filter(({ name }) => name === 'reparameterised' || name.startsWith('beta'));
    const betas = lineChart({
      title: `ELBO in training on ${train.name}, by beta`,
      x: { label: 'epoch', whole: true },
      y: { label: 'ELBO (nats an example)' },
      series: weighed.map(({ name, curve }) => ({
        name: name === 'reparameterised' ? 'beta = 1' : name,
        points: curve.map((value, i) => [i + 1, value] as const),
      })),
    });
    return writeLab(out, {
      title: 'Training by other gradients, and without a rate',
      lead: [
        'The score-function gradient needs no derivative through the draw; it learns, slowly, when a baseline takes most of its variance away. Reconstruction only (beta = 0) has the least distortion, and a rate that no prior can pay for.',
        `A VAE with one hidden layer of 64 and 8 latent dimensions; ${train.size} training and ${test.size} test examples of ${train.name}, binarised anew at every presentation; ${epochs} epochs.`,
      ],
      figures: [
        { name: 'training', svg: chart, caption: 'The bound of the training set as training saw it.' },
        {
          name: 'beta',
          svg: betas,
          caption: 'The bound when the rate is not weighed: it falls while the reconstruction improves.',
        },
      ],
      tables: [
        {
          name: 'training',
          title: 'Test set, nats an example',
          columns: ['', 'ELBO', 'rate', 'distortion', 'log p(x), 500 samples', 'active units'],
          rows: variants.map(({ name, test: t }) => [
            name,
            t.elbo.value,
            t.rate.value,
            t.distortion.value,
            t.logLikelihood?.value ?? Number.NaN,
            t.activeUnits,
          ]),
        },
      ],
      settings: { dataset: train.name, seed, epochs, runtime: runtime.name },
    });
  });
}
