import { readFileSync } from 'node:fs';
import { ReparamError } from '@reparam/tensor';
import { Command, CommanderError } from 'commander';
import { type App, createApp, report } from './app.ts';
import * as anomaly from './commands/anomaly.ts';
import * as classify from './commands/classify.ts';
import * as compare from './commands/compare.ts';
import * as datasets from './commands/datasets.ts';
import * as diagram from './commands/diagram.ts';
import * as disentangle from './commands/disentangle.ts';
import * as encode from './commands/encode.ts';
import * as evaluate from './commands/evaluate.ts';
import * as experiment from './commands/experiment/index.ts';
import * as exportModel from './commands/export.ts';
import * as impute from './commands/impute.ts';
import * as interpolate from './commands/interpolate.ts';
import * as lab from './commands/lab/index.ts';
import * as latents from './commands/latents.ts';
import * as manifold from './commands/manifold.ts';
import * as plot from './commands/plot.ts';
import * as presets from './commands/presets.ts';
import * as probe from './commands/probe.ts';
import * as quality from './commands/quality.ts';
import * as reconstruct from './commands/reconstruct.ts';
import * as resume from './commands/resume.ts';
import * as sample from './commands/sample.ts';
import * as show from './commands/show.ts';
import * as train from './commands/train.ts';
import * as traverse from './commands/traverse.ts';

/** Every command, in the order of the help text: a module that exports `register(program, app)`. */
const commands: readonly { register(program: Command, app: App): void }[] = [
  train,
  resume,
  compare,
  experiment,
  evaluate,
  classify,
  probe,
  quality,
  anomaly,
  show,
  sample,
  reconstruct,
  impute,
  interpolate,
  traverse,
  manifold,
  latents,
  plot,
  diagram,
  encode,
  disentangle,
  exportModel,
  lab,
  datasets,
  presets,
];

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Runs the command line `args` (without node and script); resolves to the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const app = createApp();
  const program = new Command('reparam')
    .description('Train, evaluate, explore and export variational autoencoders.')
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .addHelpText(
      'after',
      `
Examples:
  $ reparam train mnist                    train the preset vae, write runs/mnist-vae-0
  $ reparam evaluate runs/mnist-vae-0      figures on the test set
  $ reparam train --help                   every option and configuration key

Exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 diverged, 130 interrupted after a checkpoint.`,
    );
  for (const { register } of commands) register(program, app);
  try {
    await program.parseAsync(args, { from: 'user' });
    return app.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') return 2;
    const message = error.message.replace(/^error: /, '').replace(/\n\((.*)\)$/, '. $1');
    const fix = `See ${['reparam', ...commandIn(program, args), '--help'].join(' ')}`;
    await report(new ReparamError('config', message, { fix }), { json: args.includes('--json') });
    return 2;
  }
}

/** Names of the command and subcommand that `args` begin with. */
function commandIn(command: Command, [first, ...rest]: readonly string[]): string[] {
  const found = command.commands.find((one) => one.name() === first);
  return found ? [first!, ...commandIn(found, rest)] : [];
}
