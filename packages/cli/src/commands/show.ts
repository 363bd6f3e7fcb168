import { join } from 'node:path';
import type { Command } from 'commander';
import type { Evaluation } from 'reparam';
import type { App } from '../app.ts';
import type { JsonObject } from '../config/tree.ts';
import { showDensity } from '../program/commands.ts';
import { openDensityRun } from '../program/openDensityRun.ts';
import { readEvaluation } from '../run/evaluation.ts';
import { exactName } from '../run/figures.ts';
import { runFiles } from '../run/folder.ts';
import { exists, openRun } from '../run/openRun.ts';
import { summarize } from '../run/summary.ts';
import { columns, count, duration, withError } from '../terminal/format.ts';

/** `reparam show`: what a run is and how far it has come. */
export function register(program: Command, app: App): void {
  const command = program
    .command('show')
    .argument('<run>', 'folder of a run')
    .summary('show what a run is and how far it has come')
    .description('Show the model, the training and the test figures of a run. Computes nothing.')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam show runs/mnist-vae-0
  $ reparam show runs/mnist-vae-0 --json       configuration and all figures`,
    );
  app.action<[string], object>(command, async (_, folder) => {
    const density = await openDensityRun(folder);
    if (density) return showDensity(density);
    const run = await openRun(folder);
    const { config, model, metrics } = run;
    const summary = summarize(folder, config, metrics);
    const evaluation = await readEvaluation(folder);
    const parts = model.describe();
    const present = [];
    for (const file of Object.values(runFiles)) if (await exists(join(folder, file))) present.push(file);
    return {
      json: {
        ...summary,
        config,
        test: evaluation?.test ?? null,
        warnings: evaluation?.warnings ?? [],
        files: present,
        unit: 'nats/example',
      },
      text: columns([
        ['run', folder],
        ['preset', config.preset],
        ['data', `${config.data.name}, examples of ${run.dataShape.join('×')}, binarisation ${run.binarization}`],
        ...Object.entries(parts),
        [
          'trained',
          `${summary.epochs} of ${config.training.epochs} epochs, ${count(summary.steps)} steps, ${duration(summary.seconds)}`,
        ],
        ['weights', run.paramsFile],
        ...(evaluation ? [...storedFigures(evaluation.test), ...storedAccuracy(evaluation.test)] : []),
        ...(evaluation?.warnings ?? []).map((warning) => ['warning', warning]),
        ['files', present.join(', ')],
      ]),
    };
  });
}

/** The first test figures of evaluation.json, each by its right name and as what it is. */
function storedFigures(test: JsonObject): string[][] {
  const unit = `nats/example${test.quantity === 'density' ? ', a density' : ''}`;
  const row = (name: string, key: string) =>
    typeof test[key] === 'number'
      ? [[`test ${name}`, `${withError(test[key], test[`${key}StandardError`] as number | undefined)} ${unit}`]]
      : [];
  if (test.bound === 'none') return row('reconstruction log-likelihood', 'reconstructionLogLikelihood');
  if (test.bound === 'exact') return row(exactName(test as { figures?: Evaluation['figures'] }), 'elbo');
  return [...row('ELBO', 'elbo'), ...row(`log-likelihood, ${test.numSamples} samples`, 'logLikelihood')];
}

/** How many labels of the test set were predicted right, and by what. */
function storedAccuracy({ classification }: JsonObject): string[][] {
  const { accuracy, accuracyStandardError, by } = (classification ?? {}) as Record<string, number | string>;
  if (typeof accuracy !== 'number') return [];
  return [['test accuracy', `${withError(100 * accuracy, 100 * Number(accuracyStandardError))} %, labels by ${by}`]];
}
