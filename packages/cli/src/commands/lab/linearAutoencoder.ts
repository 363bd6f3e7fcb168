import type { Command } from 'commander';
import { linearAutoencoder } from 'reparam/lab';
import { lineChart } from 'reparam/plot';
import { type App, wholeOption } from '../../app.ts';
import { addLabOptions, type LabOptions, labData, showProgress } from './options.ts';
import { writeLab } from './output.ts';

interface AutoencoderOptions extends LabOptions {
  readonly epochs: number;
  readonly latentDim: number;
}

/** `reparam lab linear-autoencoder`: an autoencoder without nonlinearity finds the principal subspace. */
export function register(lab: Command, app: App): void {
  const command = lab
    .command('linear-autoencoder')
    .argument('[dataset]', 'a name or a path', 'digits')
    .summary('a linear autoencoder against principal components')
    .description(
      'Trains a linear autoencoder and measures the angles between the space its decoder spans and the principal subspace.',
    )
    .option('--epochs <n>', 'epochs', wholeOption(1), 150)
    .option('--latent-dim <n>', 'latent dimensions', wholeOption(1), 5);
  addLabOptions(command, 'reparam lab linear-autoencoder digits');
  app.action<[string], AutoencoderOptions>(command, async (session, dataset, { out, seed, epochs, latentDim }) => {
    const data = await labData(session, dataset, 'train', 2000);
    const runtime = await session.runtime();
    const result = await linearAutoencoder(data, latentDim, {
      runtime,
      seed,
      epochs,
      signal: session.interruptible(),
      onProgress: showProgress(session, 'training'),
    });
    const chart = lineChart({
      title: `Linear autoencoder on ${data.name}: largest angle to the principal subspace`,
      x: { label: 'epoch', whole: true },
      y: { label: 'degrees', log: true },
      series: [
        { name: 'largest principal angle', points: result.epochs.map((e) => [e.epoch, e.largestAngle] as const) },
      ],
    });
    const marks = [1, 2, 5, 10, 20, 50, 100, 150, 200, 500, 1000].filter((e) => e < epochs).concat(epochs);
    return writeLab(out, {
      title: 'A linear autoencoder spans the principal subspace',
      lead: [
        'Without nonlinearities the least squared error is that of principal components, and the decoder’s columns come to span the same subspace, though not its axes (Baldi and Hornik 1989).',
        `${data.size} examples of ${data.name}, ${latentDim} latent dimensions. Least squared error of any ${latentDim} dimensions: ${result.leastSquaredError.toFixed(5)}. Angles at the end: ${[...result.angles].map((a) => a.toFixed(3)).join(', ')} degrees.`,
      ],
      figures: [{ name: 'linear-autoencoder', svg: chart, caption: 'After every epoch.' }],
      tables: [
        {
          name: 'linear-autoencoder',
          title: `Largest angle and error; the least possible error is ${result.leastSquaredError.toFixed(5)}`,
          columns: ['epoch', 'largest angle (degrees)', 'squared error an example'],
          rows: result.epochs
            .filter((e) => marks.includes(e.epoch))
            .map((e) => [e.epoch, e.largestAngle, e.squaredError]),
        },
      ],
      settings: { dataset: data.name, seed, epochs, latentDim, runtime: runtime.name },
    });
  });
}
