import { type Command, InvalidArgumentError } from 'commander';
import { dimensionsByKl, encode, evaluate, take, traverse } from 'reparam';
import { type App, addRuntimeOptions, numberOption, wholeOption } from '../app.ts';
import { addExampleOptions, type ExampleOptions, examplesAt, openExamples } from '../examples.ts';
import { conditionsOf } from '../figures/context.ts';
import { traversalTable } from '../figures/traversal.ts';
import { chartPath, pictureStyle, writeChart } from '../pictureFile.ts';
import { toGrey } from '../pictures.ts';
import { openRun } from '../run/openRun.ts';

interface TraverseOptions extends ExampleOptions {
  readonly dims?: number;
  readonly steps: number;
  readonly range: number;
  readonly around: number | 'prior';
  readonly out?: string;
}

/** Examples that decide which latent dimensions carry most information. */
const examplesForKl = 1000;

/** `reparam traverse`: what each latent dimension does. */
export function register(program: Command, app: App): void {
  const command = program
    .command('traverse')
    .argument('<run>', 'folder of a run')
    .summary('see what each latent dimension does: PNG or SVG')
    .description(
      'Move one latent dimension at a time through the range of the prior, those with the largest KL first, and write a row of pictures for each, with the KL beside it.',
    )
    .option('--dims <n>', 'number of dimensions; default: 10, or all if there are fewer', wholeOption(1))
    .option('--steps <n>', 'values of each dimension', wholeOption(2), 11)
    .option('--range <r>', 'from −r to r standard deviations of the prior', numberOption, 3)
    .option('--around <i|prior>', 'example whose code is varied, or the mean of the prior', indexOrPrior, 0)
    .option('--out <file>', 'ending in .png or .svg; default: traversal.png in the run folder')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam traverse runs/mnist-vae-0 --dims 5
  $ reparam traverse runs/mnist-vae-0 --around prior`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string], TraverseOptions>(command, async (session, folder, options) => {
    const { around, steps, range, dims: wanted = 10 } = options;
    const run = await openRun(folder);
    const path = chartPath(run, options.out, 'traversal.png');
    const style = await pictureStyle(run, steps * Math.min(wanted, run.model.latentDim));
    const { model, params } = run;
    const { dataset, settings } = await openExamples(session, run, options);
    const start = around === 'prior' ? undefined : examplesAt(dataset, [around]);
    const figures = await evaluate(model, params, take(dataset, examplesForKl), { ...settings, numSamples: 0 });
    const kl = figures.klPerDimension;
    const dims = dimensionsByKl(kl ?? Array<number>(model.latentDim).fill(0)).slice(0, wanted);
    const code = start && (await encode(model, params, start, settings)).mean;
    const condition = conditionsOf(start ?? dataset, Array<number>(dims.length * steps).fill(0));
    const { mean } = await traverse(model, params, {
      ...settings,
      dims,
      steps,
      range,
      condition,
      ...(code && { around: code }),
    });
    const svg = traversalTable(toGrey(mean, style.range), { size: style.size, dims, kl, steps, range });
    const rows = dims.map((dim) => ({ dim, kl: kl?.[dim] }));
    const legend = rows.map(({ dim, kl: nats }) => `z${dim}${nats === undefined ? '' : ` (${nats.toFixed(2)} nats)`}`);
    return writeChart(path, svg, `rows from the top: ${legend.join(', ')}`, {
      run: folder,
      around,
      steps,
      range,
      rows,
    });
  });
}

function indexOrPrior(text: string): number | 'prior' {
  if (text === 'prior') return 'prior';
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected the index of an example, or prior.');
}
