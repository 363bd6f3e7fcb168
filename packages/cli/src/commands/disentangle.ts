import { ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import { attributePredictability, dci, encode, type Factors, mutualInformationGap } from 'reparam';
import { heatMap } from 'reparam/plot';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { addExampleOptions, type ExampleOptions, openExamples } from '../examples.ts';
import { type FactorOptions, factorsOf } from '../factors.ts';
import { chartPath, writeChart } from '../pictureFile.ts';
import { openRun } from '../run/openRun.ts';
import { columns } from '../terminal/format.ts';

interface DisentangleOptions extends ExampleOptions, FactorOptions {
  readonly bins: number;
  readonly out?: string;
}

/** `reparam disentangle`: how the latent dimensions divide known factors among them. */
export function register(program: Command, app: App): void {
  const command = program
    .command('disentangle')
    .argument('<run>', 'folder of a run')
    .summary('score codes against known factors: MIG, SAP, DCI')
    .description(
      'Measure on posterior means how the latent dimensions divide known factors among them: mutual information gap (MIG), separated attribute predictability (SAP), and disentanglement, completeness and informativeness (DCI, with bagged trees). Draws what each dimension tells of each factor.',
    )
    .option('--factors <file>', 'CSV or npy, a row of levels for each example; default: those the set was drawn from')
    .option('--categorical <names...>', 'factors of the file whose levels have no order')
    .option('--bins <n>', 'bins of a latent dimension, for the mutual information', wholeOption(2), 20)
    .option('--out <file>', 'ending in .png or .svg; default: disentanglement.png in the run folder')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam disentangle runs/sprites-beta-tc-0
  $ reparam disentangle runs/mine --factors factors.csv --categorical shape --json`,
    );
  addRuntimeOptions(addExampleOptions(command, 'all'));
  app.action<[string], DisentangleOptions>(command, async (session, folder, options) => {
    const run = await openRun(folder);
    if (run.model.conditionSize !== undefined) {
      throw new ReparamError('unsupported', 'scores are of codes that hold all there is to tell of a picture', {
        got: 'a model that is given a condition, which its codes need not hold',
        fix: 'Train a preset without a condition',
        at: folder,
      });
    }
    const path = chartPath(run, options.out, 'disentanglement.png');
    const { dataset, settings } = await openExamples(session, run, options);
    const factors = await factorsOf(dataset, options.split, options);
    const { mean } = await encode(run.model, run.params, dataset, {
      ...settings,
      signal: session.interruptible(),
      onProgress: (share) => session.bar.update(share, 'encoding', `${Math.round(share * dataset.size)} examples`),
    });
    session.bar.clear();
    const dim = run.model.latentDim;
    const codes = { data: mean.data, rows: dataset.size, columns: dim };
    const mig = mutualInformationGap(codes, factors, { bins: options.bins });
    const sap = attributePredictability(codes, factors);
    const trees = dci(codes, factors, { seed: settings.seed ?? 0 });
    const shares = mig.information.map((nats, at) => nats / mig.entropies[Math.floor(at / dim)]!);
    const dims = dimensionsThatTell(shares, dim);
    const svg = heatMap({
      title: `Factors in the codes of ${run.config.preset} on ${dataset.name}`,
      caption: `Mutual information as a share of the factor’s entropy, of ${dataset.size} posterior means in ${options.bins} bins; the dimensions that tell most first${dims.length < dim ? `, ${dims.length} of ${dim}` : ''}. A code that keeps factors apart has one dark cell in each row, and no two in a column.`,
      rows: factors.names,
      columns: dims.map((j) => `z${j}`),
      values: factors.names.flatMap((_, k) => dims.map((j) => shares[k * dim + j]!)),
      most: 1,
    });
    const named = byName(factors);
    const { json, text } = await writeChart(path, svg, 'what each dimension tells of each factor', {
      run: folder,
      dataset: dataset.name,
      split: options.split,
      examples: dataset.size,
      factors: factors.names,
      mig: { score: mig.score, perFactor: named(mig.perFactor) },
      sap: { score: sap.score, perFactor: named(sap.perFactor) },
      dci: {
        disentanglement: trees.disentanglement,
        completeness: trees.completeness,
        informativeness: trees.informativeness,
        perFactor: {
          completeness: named(trees.perFactor.completeness),
          informativeness: named(trees.perFactor.informativeness),
        },
        perDimension: trees.perDimension,
      },
      mutualInformation: rowsOf(mig.information, dim),
      predictability: rowsOf(sap.predictability, dim),
      importance: rowsOf(trees.importance, dim),
      bins: options.bins,
    });
    const { completeness, informativeness } = trees.perFactor;
    const row = (name: string, ...values: number[]) => [name, ...values.map((value) => value.toFixed(3))];
    return {
      json,
      text: [
        `MIG ${mig.score.toFixed(3)}  SAP ${sap.score.toFixed(3)}  disentanglement ${trees.disentanglement.toFixed(3)}  completeness ${trees.completeness.toFixed(3)}  informativeness ${trees.informativeness.toFixed(3)}  (${dataset.size} examples)`,
        columns(
          [
            ['factor', 'MIG', 'SAP', 'completeness', 'accuracy'],
            ...factors.names.map((name, k) =>
              row(name, mig.perFactor[k]!, sap.perFactor[k]!, completeness[k]!, informativeness[k]!),
            ),
          ],
          '  ',
        ),
        text,
      ].join('\n'),
    };
  });
}

/** Most columns of the picture. */
const mostShown = 20;

/** Dimensions in the order of the most that each tells of any factor. */
function dimensionsThatTell(shares: Float64Array, dim: number): number[] {
  const most = new Float64Array(dim);
  shares.forEach((share, at) => {
    most[at % dim] = Math.max(most[at % dim]!, share);
  });
  return [...most.keys()].sort((a, b) => most[b]! - most[a]!).slice(0, mostShown);
}

const byName =
  ({ names }: Factors) =>
  (values: readonly number[]) =>
    Object.fromEntries(names.map((name, k) => [name, values[k]!]));

const rowsOf = (values: Float64Array, dim: number): number[][] =>
  Array.from({ length: values.length / dim }, (_, k) => [...values.subarray(k * dim, (k + 1) * dim)]);
