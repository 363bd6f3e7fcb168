import { hostTensor, ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import { decodeMeans, latentDraws, latentHoles, take } from 'reparam';
import { latentChart, pictureTable, sideBySide } from 'reparam/plot';
import { type App, addRuntimeOptions, type Session, wholeOption } from '../app.ts';
import { addExampleOptions, type ExampleOptions, openExamples } from '../examples.ts';
import { conditionsOf } from '../figures/context.ts';
import { cellsOf } from '../figures/interpolation.ts';
import { chartPath, pictureStyle, writeChart } from '../pictureFile.ts';
import { toGrey } from '../pictures.ts';
import { openRun } from '../run/openRun.ts';

interface LatentsOptions extends ExampleOptions {
  readonly holes: number;
  readonly out?: string;
}

/** Codes the holes are looked for among. */
const maxCodes = 3000;

/** `reparam latents`: two latent spaces beside each other, and what their empty places decode to. */
export function register(program: Command, app: App): void {
  const command = program
    .command('latents')
    .argument('<runA>', 'folder of a run, for example of an autoencoder')
    .argument('<runB>', 'folder of another run, for example of a VAE')
    .summary('compare two latent spaces and samples from their holes: PNG or SVG')
    .description(
      'Draw the latent maps of two runs side by side, mark places far from every code (among draws from the normal distribution with the mean and covariance of the codes), and show what those places decode to.',
    )
    .option('--holes <n>', 'empty places of each', wholeOption(1), 8)
    .option('--out <file>', 'ending in .png or .svg; default: latents.png in the folder of the second run')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam latents runs/mnist-autoencoder-0 runs/mnist-vae-0`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string, string], LatentsOptions>(command, async (session, folderA, folderB, options) => {
    const last = await openRun(folderB);
    const path = chartPath(last, options.out, 'latents.png');
    const sides = [await drawSide(session, folderA, options), await drawSide(session, folderB, options)];
    const svg = sideBySide(sides.flatMap(({ map }) => map).concat(sides.map(({ samples }) => samples)), {
      title: 'Latent spaces and what lies in their holes',
      caption:
        'Above: the codes of the test examples by class, and numbered places that are empty though a normal distribution with the mean and covariance of the codes reaches them. Below: what those places decode to, with the distance to the nearest code in standard deviations of the codes. A space without holes decodes to something like the data everywhere.',
    });
    const facts = sides.map(({ facts }) => facts);
    const words = facts.map(
      ({ run, median, usual }) => `${run}: ${median.toFixed(2)} to the nearest code, ${usual.toFixed(2)} among codes`,
    );
    return writeChart(path, svg, `median distances in standard deviations: ${words.join('; ')}`, { runs: facts });
  });
}

async function drawSide(session: Session, folder: string, options: LatentsOptions) {
  const run = await openRun(folder);
  const { size, range } = await pictureStyle(run, options.holes);
  const { dataset, settings } = await openExamples(session, run, options);
  const { model, params, config } = run;
  if (model.latentDim < 2) {
    throw new ReparamError('config', 'a latent map needs two dimensions', { got: `${model.latentDim}`, at: folder });
  }
  const some = take(dataset, Math.min(dataset.size, maxCodes));
  const { posterior } = await latentDraws(model, params, some, settings);
  const holes = latentHoles(posterior.data, model.latentDim, { count: options.holes, seed: settings.seed ?? 0 });
  const z = hostTensor(holes.z, [options.holes, model.latentDim]);
  const condition = conditionsOf(some, Array<number>(options.holes).fill(0));
  const decoded = await decodeMeans(model, params, z, { ...settings, condition });
  const name = `${config.preset} on ${config.data.name}`;
  const map = latentChart({
    codes: posterior.data,
    dim: model.latentDim,
    ...(some.labels && { labels: some.labels }),
    ...(some.classNames && { classNames: some.classNames }),
    marked: holes.z,
    title: `Codes: ${name}`,
  });
  const samples = pictureTable({
    ...size,
    title: `Decoded from holes: ${name}`,
    rows: [
      {
        cells: cellsOf(toGrey(decoded, range), options.holes).map((cell, i) => ({
          ...cell,
          note: `${i + 1}: ${holes.distances[i]!.toFixed(2)}`,
        })),
      },
    ],
    cellSize: 72,
  });
  const facts = { run: folder, holes: [...holes.distances], median: holes.median, usual: holes.usual };
  return { map, samples, facts };
}
