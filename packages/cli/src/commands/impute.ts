import { hostTensor, ReparamError } from '@reparam/tensor';
import { type Command, Option } from 'commander';
import { type AnyDataset, type Estimate, estimate, type Imputations, impute, meanOf, take, writeNpy } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { pictureTable } from 'reparam/plot';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { addExampleOptions, type ExampleOptions, openExamples } from '../examples.ts';
import { cellsOf } from '../figures/interpolation.ts';
import { readMask } from '../missingMask.ts';
import { chartPath, type PictureStyle, pictureStyle, requireExtension, writeChart } from '../pictureFile.ts';
import { imageSizeOf, toGrey } from '../pictures.ts';
import { openRun, type Run } from '../run/openRun.ts';
import { columns, withError } from '../terminal/format.ts';
import { requireWritable } from '../writable.ts';

interface ImputeCommandOptions extends ExampleOptions {
  readonly mask: string;
  readonly count: number;
  readonly draws: number;
  readonly sweeps: number;
  readonly method: 'metropolis' | 'gibbs';
  readonly values?: string;
  readonly out?: string;
}

/** Most examples in the picture. */
const mostShown = 12;

/** `reparam impute`: missing values drawn given the known ones. */
export function register(program: Command, app: App): void {
  const command = program
    .command('impute')
    .argument('<run>', 'folder of a run')
    .summary('fill in missing pixels by draws from the posterior: PNG or SVG')
    .description(
      'Hide a part of examples and draw it given the rest, by chains over code and missing values: Metropolis within Gibbs, which is exact in the long run whatever the encoder, or pseudo-Gibbs. Compares with the mean image of the training data; the seed draws masks and chains too.',
    )
    .option(
      '--mask <what>',
      'left, right, top, bottom, a quadrant such as top-left, random:0.5, or an npy file with ones where values are missing',
      'bottom',
    )
    .option('--count <n>', 'number of examples, from the first on; the picture shows at most 12', wholeOption(1), 8)
    .option('--draws <k>', 'chains an example', wholeOption(1), 4)
    .option('--sweeps <s>', 'steps of each chain; the first half is left out of means', wholeOption(2), 200)
    .addOption(new Option('--method <name>', 'the chains').choices(['metropolis', 'gibbs']).default('metropolis'))
    .option('--values <file.npy>', 'write the draws too, [examples, draws, …shape], in the model’s units')
    .option('--out <file>', 'ending in .png or .svg; default: imputation.png in the run folder')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam impute runs/mnist-vae-0 --mask bottom
  $ reparam impute runs/mnist-vae-0 --mask random:0.8 --count 100 --sweeps 500 --json`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string], ImputeCommandOptions>(command, async (session, folder, options) => {
    const { draws, sweeps, method, values } = options;
    const run = await openRun(folder);
    const { model, params, dataShape } = run;
    if (run.config.model.condition.kind === 'completion') {
      throw new ReparamError('unsupported', 'this model is given the rest of the picture already', {
        got: `a run of the preset ${run.config.preset}`,
        fix: 'reparam sample draws its completions',
        at: folder,
      });
    }
    const path = chartPath(run, options.out, 'imputation.png');
    if (values !== undefined) {
      requireExtension(values, '.npy');
      await requireWritable(values);
    }
    const isTable = imageSizeOf(dataShape) === undefined && values !== undefined;
    const style = isTable ? undefined : await pictureStyle(run, mostShown * (draws + 3));
    const { dataset, settings } = await openExamples(session, run, options);
    const examples = take(dataset, options.count);
    const seed = settings.seed ?? 0;
    const missing = await readMask(options.mask, { shape: dataShape, count: examples.size, seed });
    const train = await run.openData('train');
    const start = meanOf(train);
    const result = await impute(model, params, examples, {
      ...settings,
      missing,
      draws,
      sweeps,
      method,
      start,
      signal: session.interruptible(),
      onProgress: (share) => session.bar.update(share, 'drawing', `${Math.round(100 * share)} %`),
    });
    session.bar.clear();
    const figures = figuresOf(result, missing, start, model.support === 'binary' ? train : undefined);
    if (values !== undefined) {
      const shape = [examples.size, draws, ...dataShape];
      await writeFileAtomic(values, writeNpy(hostTensor(result.draws.data, shape)));
    }
    const { meanSquaredError: error, logLikelihood: nats, missingValues: number, acceptance } = figures;
    const facts = {
      run: folder,
      dataset: examples.name,
      split: options.split,
      examples: examples.size,
      mask: options.mask,
      method,
      draws,
      sweeps,
      seed,
      ...(values !== undefined && { values }),
      ...figures,
    };
    const table = columns(
      [
        ['of the missing values', 'drawn', 'mean image'],
        [
          'mean squared error',
          withError(error.model.value, error.model.standardError),
          error.meanImage.value.toFixed(4),
        ],
        ...(nats
          ? [
              [
                'log-likelihood, nats/example',
                withError(nats.model.value, nats.model.standardError),
                nats.meanImage ? withError(nats.meanImage.value, nats.meanImage.standardError) : '',
              ],
            ]
          : []),
      ],
      '  ',
    );
    const words = `${examples.size} examples, ${(number / examples.size).toFixed(1)} values missing in each; ${(100 * acceptance).toFixed(0)} % of proposals accepted\n${table}`;
    if (!style) return { json: facts, text: `${values}  ${words}` };
    const { json, text } = await writeChart(
      path,
      picture(run, result, missing, style),
      'originals, what is known, draws and their mean',
      facts,
    );
    return { json, text: `${words}\n${text}` };
  });
}

/** Squared error of the mean, and log-likelihood, on missing values, beside those of the training data's mean. */
function figuresOf(result: Imputations, missing: Uint8Array, start: Float64Array, binary: AnyDataset | undefined) {
  const [size, width] = result.truth.shape as [number, number];
  const isMissing = (at: number) => missing[missing.length === width ? at % width : at] === 1;
  const number = Array.from({ length: size * width }, (_, at) => at).filter(isMissing).length;
  const perExample = (term: (at: number) => number): Float64Array => {
    const sums = new Float64Array(size);
    for (let at = 0; at < size * width; at++) if (isMissing(at)) sums[Math.floor(at / width)]! += term(at);
    return sums;
  };
  const counts = perExample(() => 1);
  const squares = (guess: (at: number) => number) =>
    meanSquare(
      perExample((at) => (guess(at) - result.truth.data[at]!) ** 2),
      counts,
    );
  const rows = binary?.size ?? 0;
  const share = (at: number) => (rows * start[at % width]! + 1) / (rows + 2);
  return {
    missingValues: number,
    acceptance: result.acceptance,
    meanSquaredError: { model: squares((at) => result.mean.data[at]!), meanImage: squares((at) => start[at % width]!) },
    ...(result.logLikelihood && {
      logLikelihood: {
        model: estimate(result.logLikelihood),
        ...(binary && {
          meanImage: estimate(
            perExample((at) => {
              const [p, x] = [share(at), result.truth.data[at]!];
              return x * Math.log(p) + (1 - x) * Math.log(1 - p);
            }),
          ),
        }),
      },
    }),
  };
}

/** Mean over all missing values, with the standard error of a ratio of sums over examples. */
function meanSquare(sums: Float64Array, counts: Float64Array): Estimate {
  const total = counts.reduce((a, b) => a + b, 0);
  const value = sums.reduce((a, b) => a + b, 0) / total;
  const { standardError } = estimate(sums.map((sum, i) => ((sum - value * counts[i]!) * counts.length) / total));
  return { value, standardError };
}

function picture(
  run: Run,
  { truth, drawMeans, mean }: Imputations,
  missing: Uint8Array,
  { size, range }: PictureStyle,
): string {
  const [count, draws, width] = drawMeans.shape as [number, number, number];
  const shown = Math.min(count, mostShown);
  const cells = (values: Parameters<typeof toGrey>[0], images: number) => cellsOf(toGrey(values, range), images);
  const [originals, means, drawn] = [cells(truth, count), cells(mean, count), cells(drawMeans, count * draws)];
  const known = toGrey(truth, range).map((value, at) =>
    missing[missing.length === width ? at % width : at] ? 0.5 : value,
  );
  const masked = cellsOf(known, count);
  return pictureTable({
    ...size,
    title: `Missing parts drawn by ${run.config.preset} on ${run.config.data.name}`,
    caption:
      'Each row: an example, what is known of it (missing values grey), draws of the missing values given the known (means of the likelihood at the last code of a chain), and the mean over all chains.',
    columns: ['original', 'known', ...Array.from({ length: draws }, (_, k) => `draw ${k + 1}`), 'mean'],
    rows: Array.from({ length: shown }, (_, i) => ({
      cells: [originals[i]!, masked[i]!, ...drawn.slice(i * draws, (i + 1) * draws), means[i]!],
    })),
  });
}
