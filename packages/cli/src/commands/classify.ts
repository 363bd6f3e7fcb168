import { join } from 'node:path';
import { hostTensor } from '@reparam/tensor';
import type { Command } from 'commander';
import { mostProbable, writeNpy } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { addExampleOptions, type ExampleOptions, openExamples } from '../examples.ts';
import { hasLabels, labelFigures } from '../labels/classify.ts';
import { labelJson, labelRows } from '../labels/figures.ts';
import { asProbabilities, predictionsCsv } from '../labels/predictionsCsv.ts';
import { requirePredictor } from '../labels/runPredictor.ts';
import { requireExtension } from '../pictureFile.ts';
import { openRun } from '../run/openRun.ts';
import { columns, count } from '../terminal/format.ts';
import { requireWritable } from '../writable.ts';

interface ClassifyOptions extends ExampleOptions {
  readonly out?: string;
  readonly numSamples: number;
}

/** `reparam classify`: predicted labels and their probabilities as a table. */
export function register(program: Command, app: App): void {
  const command = program
    .command('classify')
    .argument('<run>', 'folder of a run that was trained with labels')
    .summary('predict labels: a table of predictions and probabilities')
    .description(
      'Write the predicted label and the probabilities of every example, a row an example, in the order of the data set; where the data have labels, print how many are right. For models that predict labels and runs with a classifier of codes.',
    )
    .option('--out <file.csv|npy>', 'default: predictions.csv in the run folder; npy holds the probabilities alone')
    .option(
      '--num-samples <s>',
      'how often each example is put through with new bits and noise; probabilities are averaged',
      wholeOption(1),
      1,
    )
    .addHelpText(
      'after',
      `
Examples:
  $ reparam classify runs/mnist-m1-0
  $ reparam classify runs/mnist-m1-0 --dataset new-images.npy --split all --out new.csv
  $ reparam classify runs/mnist-m1-0 --split validation --num-samples 20 --json`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string], ClassifyOptions>(command, async (session, folder, options) => {
    const run = await openRun(folder);
    const path = options.out ?? join(folder, 'predictions.csv');
    const extension = requireExtension(path, '.csv', '.npy');
    const predictor = await requirePredictor(run, await session.runtime());
    await requireWritable(path);
    const { dataset, settings } = await openExamples(session, run, options);
    const { numSamples } = options;
    const scores = await predictor.scores(dataset, {
      runtime: settings.runtime,
      binarization: settings.binarization,
      seed: settings.seed ?? run.config.training.seed,
      numSamples,
      signal: session.interruptible(),
      onProgress: (share) => session.bar.update(share, 'classifying', `${Math.round(100 * share)} %`),
    });
    session.bar.clear();
    const { numLabels, kind, hasProbabilities, description: by } = predictor;
    const shown = hasProbabilities ? asProbabilities(scores, kind) : scores;
    await writeFileAtomic(
      path,
      extension === '.npy'
        ? writeNpy(hostTensor(shown, [dataset.size, numLabels]))
        : predictionsCsv(predictor, shown, dataset),
    );
    const figures = hasLabels(predictor, dataset) ? labelFigures(predictor, scores, dataset) : undefined;
    const found = kind === 'categorical' ? mostProbable(scores, numLabels) : undefined;
    return {
      json: {
        file: path,
        run: folder,
        dataset: dataset.name,
        split: options.split,
        by,
        kind,
        rows: dataset.size,
        numLabels,
        probabilities: hasProbabilities,
        numSamples,
        ...(found && { predicted: countsOf(found, numLabels) }),
        ...(figures && { classification: labelJson(figures) }),
      },
      text: [
        `${path}  ${count(dataset.size)} examples, ${hasProbabilities ? 'probabilities' : 'margins'} of ${numLabels} ${
          kind === 'categorical' ? 'classes' : 'labels'
        }`,
        columns(figures ? labelRows(figures) : [['labels predicted by', by]], '  '),
      ].join('\n'),
    };
  });
}

/** How many examples each class was predicted for. */
function countsOf(found: Int32Array, numLabels: number): number[] {
  const counts = new Array<number>(numLabels).fill(0);
  for (const label of found) counts[label]!++;
  return counts;
}
