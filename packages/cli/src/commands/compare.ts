import { basename, extname, join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import { findPreset } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { figurePage } from 'reparam/plot';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { type CellResult, runCell } from '../compare/runCell.ts';
import { type ComparisonRow, comparedFigures, comparisonCsv, comparisonRow, type Spread } from '../compare/table.ts';
import { densityRecipe } from '../program/config.ts';
import { makeFolders } from '../run/folder.ts';
import { columns, withError } from '../terminal/format.ts';

interface CompareOptions {
  readonly presets: string;
  readonly seeds: number;
  readonly epochs?: number;
  readonly numSamples?: number;
  readonly set?: readonly string[];
  readonly out?: string;
  readonly quiet?: boolean;
  readonly runtime?: string;
  readonly provider?: string;
  readonly threads?: number;
}

/** `reparam compare`: the same data, several presets, one table. */
export function register(program: Command, app: App): void {
  const command = program
    .command('compare')
    .argument('<dataset>', 'a name (see `reparam datasets`) or the path of a file')
    .summary('train several presets on one data set and print one table')
    .description(
      'Train each preset with each seed on a data set and print one table of test figures: means over seeds with standard errors. Writes comparison.html, comparison.json and comparison.csv, and the folder of every run. Given again, the same command goes on where it stopped.',
    )
    .requiredOption('--presets <a,b,c>', 'presets to compare, separated by commas')
    .option('--seeds <n>', 'trainings of each preset, with seeds 0, 1, …', wholeOption(1), 1)
    .option('--epochs <n>', 'passes over the training data; default: each preset’s own', wholeOption(1))
    .option('--num-samples <k>', 'importance samples of the log-likelihood; 0 leaves it out', wholeOption(0))
    .option(
      '--set <path=value>',
      'a configuration key of every run; may be given again',
      (setting, before: string[] = []) => [...before, setting],
    )
    .option('--out <folder>', 'folder of the comparison; default: runs/compare-<dataset>')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam compare digits --presets vae,iwae,vae-vamp --seeds 3 --epochs 20
  $ reparam compare mnist --presets vae,vae-conv --set training.batchSize=100 --out runs/conv-or-not`,
    );
  addRuntimeOptions(command);
  app.action<[string], CompareOptions>(command, async (session, dataset, given) => {
    const presets = [...new Set(given.presets.split(',').map((name) => name.trim()))];
    for (const name of presets) if (!densityRecipe(name)) findPreset(name);
    const seeds = Array.from({ length: given.seeds }, (_, seed) => seed);
    const out = given.out ?? join('runs', `compare-${basename(dataset, extname(dataset)).replace(/[^\w.-]+/g, '-')}`);
    await makeFolders(out);
    const settings = [
      ...(given.epochs === undefined ? [] : ['--epochs', String(given.epochs)]),
      ...(given.set ?? []).flatMap((setting) => ['--set', setting]),
    ];
    // A density model is measured without importance samples.
    const sampling = given.numSamples === undefined ? [] : ['--num-samples', String(given.numSamples)];
    const options = [
      ...(given.quiet ? ['--quiet'] : []),
      ...(['runtime', 'provider', 'threads'] as const).flatMap((name) =>
        given[name] === undefined ? [] : [`--${name}`, String(given[name])],
      ),
    ];
    const signal = session.interruptible();
    const rows: ComparisonRow[] = [];
    let done = 0;
    for (const preset of presets) {
      const own = densityRecipe(preset) ? settings : [...settings, ...sampling];
      const results: CellResult[] = [];
      for (const seed of seeds) {
        if (signal.aborted) throw new ReparamError('interrupted', 'the comparison was interrupted');
        session.say(`[${++done}/${presets.length * seeds.length}] ${preset}, seed ${seed}`);
        results.push(await runCell({ dataset, preset, seed, settings: own }, { out, options, signal }));
      }
      rows.push(comparisonRow(preset, seeds, results));
    }
    const lead = leadOf(dataset, seeds.length);
    const json = { dataset, seeds, settings: [...settings, ...sampling], rows, unit: 'nats/example' };
    await writeFileAtomic(join(out, 'comparison.json'), `${JSON.stringify(json, null, 2)}\n`);
    await writeFileAtomic(join(out, 'comparison.csv'), comparisonCsv(rows));
    await writeFileAtomic(join(out, 'comparison.html'), page(dataset, lead, rows));
    return { json: { run: out, ...json }, text: `${lead}\n\n${table(rows)}\n\n  ${join(out, 'comparison.html')}` };
  });
}

const leadOf = (dataset: string, seeds: number): string =>
  `Test figures on ${dataset}; ELBO, log-likelihood, rate and distortion in nats per example. ${
    seeds > 1 ? `Means over ${seeds} seeds ± standard error over seeds.` : 'One seed ± standard error over examples.'
  }`;

/** Figures that every or some preset has, in their order. */
const shown = (rows: readonly ComparisonRow[]) =>
  comparedFigures.filter(({ key }) => rows.some((row) => row.figures[key]));

const cells = (rows: readonly ComparisonRow[]): string[][] =>
  rows.map(({ preset, figures, measure }) => [
    preset,
    measure,
    ...shown(rows).map(({ key }) => shownSpread(figures[key])),
  ]);

/** Whole numbers of one seed as such. */
function shownSpread(spread: Spread | undefined): string {
  if (!spread) return '–';
  const { mean, standardError } = spread;
  return standardError === undefined && Number.isInteger(mean) ? String(mean) : withError(mean, standardError);
}

const heads = (rows: readonly ComparisonRow[]): string[] => [
  '',
  'of',
  ...shown(rows).map(({ title, unit }) => (unit === 'nats/example' ? title : `${title}, ${unit}`)),
];

const table = (rows: readonly ComparisonRow[]): string => columns([heads(rows), ...cells(rows)], '  ');

const page = (dataset: string, lead: string, rows: readonly ComparisonRow[]): string =>
  figurePage({
    title: `Comparison on ${dataset}`,
    lead: [
      lead,
      'Of ELBO and log-likelihood higher is better. They compare only between rows of the same kind: a probability of bits is no density of grey values.',
    ],
    figures: [],
    tables: [{ columns: heads(rows), rows: cells(rows) }],
  });
