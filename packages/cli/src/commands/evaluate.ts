import { type Command, Option } from 'commander';
import { chooseBinarization, evaluate, greyWarning } from 'reparam';
import type { Split } from 'reparam/data/node';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { measureLabels } from '../labels/classify.ts';
import { runPredictor } from '../labels/runPredictor.ts';
import { evaluateDensity } from '../program/commands.ts';
import { openDensityRun } from '../program/openDensityRun.ts';
import { collapseNote } from '../run/collapse.ts';
import { testJson, testTable } from '../run/figures.ts';
import { openRun } from '../run/openRun.ts';
import { summarize } from '../run/summary.ts';

interface EvaluateCommandOptions {
  readonly dataset?: string;
  readonly split: Split;
  readonly numSamples?: number;
  readonly seed?: number;
}

/** `reparam evaluate`: figures with standard errors, on any split or set. */
export function register(program: Command, app: App): void {
  const command = program
    .command('evaluate')
    .argument('<run>', 'folder of a run')
    .summary('measure a run: ELBO, rate, distortion, log-likelihood')
    .description(
      'Measure a run on data: ELBO, rate, distortion and importance-sampled log-likelihood in nats per example, each with its standard error; active units; KL of each latent dimension. Of a run that predicts labels also accuracy, log-loss, calibration error and confusion matrix. Writes nothing.',
    )
    .option('--dataset <name>', 'another data set: a name or a path; default: the one it was trained on')
    .addOption(
      new Option('--split <name>', 'which part').choices(['train', 'validation', 'test', 'all']).default('test'),
    )
    .option('--num-samples <k>', 'importance samples of the log-likelihood; 0 leaves it out', wholeOption(0))
    .option('--seed <n>', 'seed of the noise; default: the run’s', wholeOption(0))
    .addHelpText(
      'after',
      `
Examples:
  $ reparam evaluate runs/mnist-vae-0
  $ reparam evaluate runs/mnist-vae-0 --num-samples 5000
  $ reparam evaluate runs/mnist-vae-0 --dataset fashion-mnist --json`,
    );
  addRuntimeOptions(command);
  app.action<[string], EvaluateCommandOptions>(command, async (session, folder, options) => {
    const density = await openDensityRun(folder);
    if (density) return evaluateDensity(session, density, options);
    const run = await openRun(folder);
    const { config, model, params, binarization } = run;
    const { dataset, split, numSamples = config.evaluation.numSamples, seed = config.training.seed } = options;
    const data = await run.openData(split, dataset);
    const { warnings } = chooseBinarization(config.model.likelihood, data, binarization);
    for (const warning of warnings) session.warn(`warning: ${warning}`);
    const runtime = await session.runtime();
    session.say(
      `Evaluating ${folder} on ${data.name} ${split}, ${data.size} examples, binarisation ${binarization}, ${numSamples} importance samples`,
    );
    const evaluation = await evaluate(model, params, data, {
      runtime,
      numSamples,
      seed,
      binarization,
      signal: session.interruptible(),
      onProgress: (share) => session.bar.update(share, 'evaluating', `${Math.round(100 * share)} %`),
    });
    const predictor = await runPredictor(run, runtime);
    const labels =
      predictor &&
      (await measureLabels(predictor, data, { runtime, seed, binarization, signal: session.interruptible() }));
    session.bar.clear();
    return {
      json: {
        ...summarize(folder, config, run.metrics),
        dataset: data.name,
        split,
        binarization,
        evaluationSeed: seed,
        test: testJson(evaluation, labels),
        warnings,
        unit: evaluation.unit,
      },
      text: [testTable(evaluation, model, !warnings.includes(greyWarning), labels), collapseNote(evaluation, config)]
        .filter(Boolean)
        .join('\n'),
    };
  });
}
