import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import {
  auroc,
  type Dataset,
  type ExampleScores,
  type ExampleScoresOptions,
  estimate,
  exampleParts,
  exampleScores,
  take,
  writeNpy,
} from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { comparedHistograms } from 'reparam/plot';
import { type App, addRuntimeOptions, type Session, wholeOption } from '../app.ts';
import { someInMemory } from '../data.ts';
import { addExampleOptions, type ExampleOptions, openExamples } from '../examples.ts';
import { partsTable, partWidths, scoreCsv, scoreTable } from '../exampleTables.ts';
import { chartPath, requireExtension, writeChart } from '../pictureFile.ts';
import { openRun, type Run } from '../run/openRun.ts';
import { columns, withError } from '../terminal/format.ts';
import { requireWritable } from '../writable.ts';

interface AnomalyOptions extends ExampleOptions {
  readonly against?: string;
  readonly count?: number;
  readonly numSamples?: number;
  readonly out?: string;
  readonly picture?: string;
  readonly parts?: string;
}

/** Scores, and the sign that makes a larger number stranger. */
const strangeness = { logLikelihood: -1, elbo: -1, rate: 1, distortion: 1 } as const;
type ScoreName = keyof typeof strangeness;
const titles: Record<ScoreName, string> = {
  logLikelihood: 'log p(x)',
  elbo: 'ELBO',
  rate: 'rate',
  distortion: 'distortion',
};

/** `reparam anomaly`: how likely each example is, and whether that tells two sets apart. */
export function register(program: Command, app: App): void {
  const command = program
    .command('anomaly')
    .argument('<run>', 'folder of a run')
    .summary('score single examples, and tell two data sets apart by the scores')
    .description(
      'Write the importance-sampled log-likelihood of every example, its standard error, ELBO, rate and distortion, in nats. With --against: the area under the ROC curve (AUROC) of telling the other set from this one by each score, exact by ranks with the standard error of DeLong, and histograms of both sets. Below one half the other set looks less strange to the model than its own data.',
    )
    .option('--against <name>', 'a second data set, of the same split, size and kind: a name or a path')
    .option('--count <n>', 'examples of each set, from the first on; default: all', wholeOption(1))
    .option('--num-samples <k>', 'importance samples of the log-likelihood; 0 leaves it out', wholeOption(0))
    .option('--parts <file.npy>', 'log-likelihood of each value, then KL of each latent dimension, a row an example')
    .option('--picture <file>', 'of the histograms, ending in .png or .svg; default: anomaly.png in the run folder')
    .option(
      '--out <file.csv|npy>',
      'the scores, the second set after the first; default: anomaly.csv in the run folder',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ reparam anomaly runs/fashion --against mnist
  $ reparam anomaly runs/fashion --dataset photos/ --num-samples 1000 --out scores.npy --parts parts.npy`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string], AnomalyOptions>(command, async (session, folder, options) => {
    const run = await openRun(folder);
    const path = options.out ?? join(folder, 'anomaly.csv');
    requireExtension(path, '.csv', '.npy');
    const picture = chartPath(run, options.picture, 'anomaly.png');
    if (options.parts !== undefined) requireExtension(options.parts, '.npy');
    for (const file of [options.parts, options.picture]) if (file !== undefined) await requireWritable(file);
    if (options.against !== undefined && run.model.conditionSize !== undefined) {
      throw new ReparamError('unsupported', 'two sets are told apart by models without a condition', {
        got: 'a model that is given one, which means another thing in each set',
        fix: 'Leave --against out, or train a preset without a condition',
        at: folder,
      });
    }
    const sets = [await openSet(session, run, options)];
    if (options.against !== undefined) sets.push(await openSet(session, run, { ...options, dataset: options.against }));
    const scored: Awaited<ReturnType<typeof scoreSet>>[] = [];
    for (const set of sets) scored.push(await scoreSet(session, run, set, options));
    const [first, second] = scored;
    const names = scoreNames(first!.scores, run);
    const table = scoreTable(
      scored.map(({ scores }) => scores),
      names,
    );
    await writeFileAtomic(
      path,
      path.endsWith('.npy')
        ? writeNpy(table.values)
        : scoreCsv(
            table,
            scored.map(({ set }) => set.dataset),
          ),
    );
    if (options.parts !== undefined)
      await writeFileAtomic(options.parts, writeNpy(partsTable(scored.map(({ parts }) => parts!))));
    const strange = (scores: ExampleScores, name: ScoreName) => scores[name]!.map((value) => strangeness[name] * value);
    const areas = second && names.map((name) => auroc(strange(first!.scores, name), strange(second.scores, name)));
    const facts = {
      run: folder,
      split: options.split,
      numSamples: first!.settings.numSamples,
      seed: first!.settings.seed,
      scores: path,
      columns: table.columns,
      ...(options.parts !== undefined && { parts: options.parts, ...partWidths(first!.parts!) }),
      sets: scored.map(({ set, scores }) => ({
        dataset: set.dataset.name,
        examples: set.dataset.size,
        ...Object.fromEntries(names.map((name) => [name, estimate(scores[name]!)])),
      })),
      ...(areas && {
        auroc: Object.fromEntries(names.map((name, i) => [name, areas[i]!])),
        aurocError: 'DeLong',
        stranger: 'the second set',
      }),
    };
    const lines = columns(
      [
        [
          'nats/example',
          ...scored.map(({ set }) => `${set.dataset.name} (${set.dataset.size})`),
          ...(areas ? ['AUROC'] : []),
        ],
        ...names.map((name, i) => [
          titles[name],
          ...scored.map(({ scores }) => {
            const { value, standardError } = estimate(scores[name]!);
            return withError(value, standardError);
          }),
          ...(areas ? [`${areas[i]!.value.toFixed(4)} ± ${areas[i]!.standardError.toFixed(4)}`] : []),
        ]),
      ],
      '  ',
    );
    const words = `${lines}\n${path}  ${table.values.shape[0]} rows of ${table.columns.join(', ')}`;
    if (!second || !areas) return { json: facts, text: words };
    const svg = comparedHistograms({
      title: `${run.config.preset} of ${run.config.data.name}: scores of two sets`,
      caption: `Nats per example, as densities. AUROC: the chance that an example of ${second.set.dataset.name} looks stranger than one of ${first!.set.dataset.name} (lower log p(x) or ELBO, higher rate or distortion); below 0.5 the score is misled. Values beyond the outer half percent of either set are counted in the last bin.`,
      sets: [first!, second].map(({ set }) => set.dataset.name),
      panels: names.map((name, i) => ({
        title: `${titles[name]}, AUROC ${areas[i]!.value.toFixed(3)}`,
        values: [first!.scores[name]!, second.scores[name]!],
      })),
    });
    const { json, text } = await writeChart(picture, svg, 'histograms of both sets', facts);
    return { json, text: `${words}\n${text}` };
  });
}

interface ScoredSet {
  readonly dataset: Dataset;
  readonly settings: ExampleScoresOptions;
}

async function openSet(session: Session, run: Run, options: AnomalyOptions): Promise<ScoredSet> {
  const { dataset, settings } = await openExamples(session, run, options);
  const { numSamples = run.config.evaluation.numSamples, count } = options;
  const examples = someInMemory(dataset);
  return {
    dataset: count === undefined ? examples : take(examples, count),
    settings: { runtime: settings.runtime, binarization: settings.binarization, seed: settings.seed ?? 0, numSamples },
  };
}

async function scoreSet(session: Session, { model, params }: Run, set: ScoredSet, options: AnomalyOptions) {
  const { dataset } = set;
  const settings = {
    ...set.settings,
    signal: session.interruptible(),
    onProgress: (share: number) =>
      session.bar.update(share, `scoring ${dataset.name}`, `${Math.round(share * dataset.size)} examples`),
  };
  const scores = await exampleScores(model, params, dataset, settings);
  const parts = options.parts === undefined ? undefined : await exampleParts(model, params, dataset, settings);
  session.bar.clear();
  return { set, settings: set.settings, scores, parts };
}

/** The scores that say something of the model: an autoencoder bounds nothing, and the terms of an exact model mean nothing. */
function scoreNames(scores: ExampleScores, { model }: Run): ScoreName[] {
  if (model.bound === 'none') return ['distortion'];
  if (model.bound === 'exact') return ['logLikelihood'];
  return scores.logLikelihood ? ['logLikelihood', 'elbo', 'rate', 'distortion'] : ['elbo', 'rate', 'distortion'];
}
