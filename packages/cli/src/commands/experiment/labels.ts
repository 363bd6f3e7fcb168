import { join } from 'node:path';
import { nearest, ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import { type App, addRuntimeOptions, numberOption, type Output, type Session, wholeOption } from '../../app.ts';
import { type Budget, labelSplit } from '../../experiment/labelSplit.ts';
import { type Method, methods } from '../../experiment/methods.ts';
import { notesOf } from '../../experiment/notes.ts';
import { type Images, openImages } from '../../experiment/openImages.ts';
import { planCells, type TableSettings } from '../../experiment/plan.ts';
import { runTable, secondsLeft, storedOutcomes } from '../../experiment/runTable.ts';
import { writeSplit } from '../../experiment/splitFiles.ts';
import { type CellOutcome, tableRows } from '../../experiment/table.ts';
import { body, failures, heads, type Table, titleOf, writeTable } from '../../experiment/writeTable.ts';
import { makeFolders } from '../../run/folder.ts';
import { lockFolder } from '../../run/lock.ts';
import { columns, duration } from '../../terminal/format.ts';

interface LabelsOptions {
  readonly dataset?: string;
  readonly testDataset?: string;
  readonly labels: Budget;
  readonly seeds?: number;
  readonly only?: string;
  readonly epochsScale?: number;
  readonly set?: readonly string[];
  readonly shareModels: boolean;
  readonly quick?: boolean;
  readonly dryRun?: boolean;
  readonly out?: string;
  readonly runtime?: string;
  readonly provider?: string;
  readonly threads?: number;
}

/** What `--quick` stands for: every method, on the bundled digits, once over lightly. */
const quick = { dataset: 'digits', seeds: 2, epochsScale: 0.25 };

/** `reparam experiment labels`: how well each method tells classes, from few labels or from all. */
export function register(experiment: Command, app: App): void {
  const command = experiment
    .command('labels')
    .summary('accuracy of every method with few labels or all: classifiers, M1, M2, PC-VAE …')
    .description(
      'Fill a table: every method told in docs/experiments.md on one data set, with all labels (80-20 split) or a few, over several draws. Writes experiment.html, .csv, .json, .md, .svg and .png after each cell. Given again, the same command goes on where it stopped.',
    )
    .option('--dataset <name>', 'a name (see `reparam datasets`) or the path of images with labels')
    .option('--test-dataset <path>', 'test images, where those of a path lie in a file of their own')
    .option('--labels <all|n>', 'labels of training images: all, or so many, equally many of each class', budget, 100)
    .option('--seeds <n>', 'draws of labels or of the split, with seeds 0, 1, …; default 5', wholeOption(1))
    .option('--only <a,b,…>', 'only these methods, by name or letter')
    .option('--epochs-scale <f>', 'multiplies the passes of every model', numberOption)
    .option(
      '--set <path=value>',
      'a configuration key of every model; may be given again',
      (setting, before: string[] = []) => [...before, setting],
    )
    .option('--no-share-models', 'a model of its own for each draw, also where it sees no labels')
    .option('--quick', 'digits, 2 draws and a quarter of the passes, unless told otherwise')
    .option('--dry-run', 'say what would be run, what is done, and about how long it takes')
    .option('--out <folder>', 'folder of the table; default: runs/labels-<dataset>-<labels>')
    .addHelpText(
      'after',
      `
Methods:
${columns(
  methods.map(({ name, letter, title }) => [letter ? `(${letter})` : '', name, title]),
  '  ',
)}

Examples:
  $ reparam experiment labels --dataset mnist --labels 100 --seeds 5
  $ reparam experiment labels --dataset fashion-mnist --labels all --only a,b,c
  $ reparam experiment labels --dataset cifar10-train.tar.gz --test-dataset cifar10-test.tar.gz --dry-run
  $ reparam experiment labels --quick --json`,
    );
  addRuntimeOptions(command);
  app.action<[], LabelsOptions>(command, async (session, given) => {
    const { settings, images, out } = await resolve(session, given);
    if (given.dryRun) return dryRun(settings, out);
    const { output, failed } = await fill(session, given, settings, images, out);
    if (failed > 0) app.exitCode = 1;
    return output;
  });
}

function budget(text: string): Budget {
  return text === 'all' ? 'all' : wholeOption(1)(text);
}

async function resolve(session: Session, given: LabelsOptions) {
  const asked = given.quick ? { ...quick, ...given } : given;
  const { dataset, labels, seeds = 5, epochsScale = 1, set = [], shareModels } = asked;
  if (dataset === undefined) {
    throw new ReparamError('config', 'no data set', { fix: 'Give --dataset mnist, or --quick' });
  }
  if (!(epochsScale > 0)) {
    throw new ReparamError('config', '--epochs-scale', { got: String(epochsScale), expected: 'a number above 0' });
  }
  const chosen = chosenMethods(given.only).filter(({ isOfFewLabels }) => labels !== 'all' || !isOfFewLabels);
  const images = await openImages(session, dataset, given.testDataset);
  // Refused before anything is run, where so many labels cannot be drawn.
  if (labels !== 'all') labelSplit(images.train, images.test, labels, 0);
  const settings: TableSettings = {
    data: images.facts,
    budget: labels,
    draws: seeds,
    methods: chosen,
    epochsScale,
    settings: set,
    shareModels,
  };
  const name = images.facts.name.replace(/\.(tar\.gz|\w+)$/, '').replace(/[^\w-]+/g, '-');
  return { settings, images, out: given.out ?? join('runs', `labels-${name}-${labels}`) };
}

function chosenMethods(only: string | undefined): readonly Method[] {
  if (only === undefined) return methods;
  const wanted = only.split(',').map((name) => name.trim());
  const known = methods.flatMap(({ name, letter }) => (letter ? [name, letter] : [name]));
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw new ReparamError('config', 'no such method', {
      got: name,
      expected: known.join(', '),
      ...(near !== undefined && { fix: `Did you mean ${near}?` }),
    });
  }
  return methods.filter(
    ({ name, letter }) => wanted.includes(name) || (letter !== undefined && wanted.includes(letter)),
  );
}

async function dryRun(settings: TableSettings, out: string): Promise<Output> {
  const outcomes = await storedOutcomes(out, planCells(settings));
  const seconds = await secondsLeft(out, outcomes);
  const cells = outcomes.map(({ task: { name, method, draw, model, seconds: own }, result }) => ({
    cell: name,
    method: method.name,
    draw,
    ...(model && { model: model.name }),
    seconds: own,
    isDone: result !== undefined,
  }));
  const done = cells.filter(({ isDone }) => isDone).length;
  return {
    json: { folder: out, cells, done, secondsLeft: seconds },
    text: [
      columns([
        ['cell', 'model', ''],
        ...cells.map(({ method, draw, model, isDone }) => [
          `${method}, draw ${draw}`,
          model ?? '',
          isDone ? 'done' : '',
        ]),
      ]),
      `${done} of ${cells.length} cells done; the others take about ${duration(seconds)} on two cores`,
    ].join('\n'),
  };
}

async function fill(
  session: Session,
  given: LabelsOptions,
  settings: TableSettings,
  { train, test, facts }: Images,
  out: string,
): Promise<{ output: Output; failed: number }> {
  await makeFolders(out);
  const unlock = await lockFolder(out);
  const cells = planCells(settings);
  const { data, methods: chosen, ...rest } = settings;
  const tableOf = (outcomes: readonly CellOutcome[]): Table => ({
    dataset: facts.name,
    budget: settings.budget,
    notes: notesOf(settings),
    rows: tableRows(outcomes),
    settings: { data, methods: chosen.map(({ name }) => name), ...rest },
  });
  const write = (outcomes: readonly CellOutcome[]) => writeTable(out, tableOf(outcomes));
  let doing = '';
  try {
    await write(await storedOutcomes(out, cells));
    const outcomes = await runTable({
      out,
      settings,
      cells,
      options: (['runtime', 'provider', 'threads'] as const).flatMap((name) =>
        given[name] === undefined ? [] : [`--${name}`, String(given[name])],
      ),
      signal: session.interruptible(),
      files: (draw) => writeSplit(join(out, 'data', facts.digest), { train, test }, settings.budget, draw),
      onStart: (what, done, left) => {
        const time = left === undefined ? '' : `, about ${duration(left)} left`;
        doing = `[${done}/${cells.length}] ${what}`;
        session.say(`${doing}${time}`);
      },
      onProgress: ({ share, before, after }) => session.bar.update(share, `${doing} · ${before}`, after),
      onOutcome: write,
    });
    const table = tableOf(outcomes);
    const failed = failures(table.rows);
    for (const reason of failed) session.warn(`failed: ${reason}`);
    return { output: outputOf(out, table), failed: failed.length };
  } finally {
    await unlock();
  }
}

function outputOf(out: string, { notes, rows, settings, ...table }: Table): Output {
  return {
    json: { folder: out, title: titleOf(table), notes, settings, rows },
    text: [
      titleOf(table),
      columns([heads(rows), ...body(rows)], '  '),
      ...notes,
      `  ${join(out, 'experiment.html')}`,
    ].join('\n\n'),
  };
}
