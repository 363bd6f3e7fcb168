import { type Command, Option } from 'commander';
import { configKeys } from '../config/keys.ts';
import { type ConfigSources, parseValue } from '../config/resolve.ts';
import { columns } from '../terminal/format.ts';

/** Flags that set one key of the configuration; what they mean is what the schema says of the key. */
const flags: readonly { readonly flag: string; readonly path: string; readonly isText?: boolean }[] = [
  { flag: '--epochs <n>', path: 'training.epochs' },
  { flag: '--batch-size <n>', path: 'training.batchSize' },
  { flag: '--micro-batches <n>', path: 'training.microBatches' },
  { flag: '--seed <n>', path: 'training.seed' },
  { flag: '--from <run>', path: 'training.from', isText: true },
  { flag: '--patience <n>', path: 'training.earlyStopping.patience' },
  { flag: '--latent-dim <n>', path: 'model.latentDim' },
  { flag: '--learning-rate <x>', path: 'optimizer.learningRate' },
  { flag: '--beta <x>', path: 'objective.beta' },
  { flag: '--binarization <mode>', path: 'data.binarization' },
  { flag: '--validation <amount>', path: 'data.validation' },
  { flag: '--labels <n|file>', path: 'data.labels' },
  { flag: '--data-dir <folder>', path: 'data.dir', isText: true },
  { flag: '--num-samples <k>', path: 'evaluation.numSamples' },
];

/** Adds `--preset`, `--config`, `--set` and a flag for each of the keys most often set. */
export function addConfigOptions(command: Command): Command {
  command
    .option('--preset <name>', 'recipe to start from; default: vae (see `reparam presets`)')
    .option('--config <file>', 'JSON file of configuration keys, on top of the preset')
    .addOption(
      new Option('--set <path=value>', 'a configuration key, on top of both; may be given again').argParser(
        (setting: string, before: string[] = []) => [...before, setting],
      ),
    );
  for (const { flag, path } of flags) {
    const { description } = configKeys.find((key) => key.path === path)!;
    command.option(flag, `${description} (${path})`);
  }
  return command;
}

/** The parts of a configuration that the options of `command` give. */
export function configSources(command: Command): ConfigSources {
  const { preset, config, set } = command.opts<{ preset?: string; config?: string; set?: string[] }>();
  const given = flags.flatMap(({ flag, path, isText }) => {
    const text = command.getOptionValue(new Option(flag).attributeName()) as string | undefined;
    return text === undefined ? [] : [[path, isText ? text : parseValue(text)] as const];
  });
  return { preset, file: config, ...(set && { set }), flags: given };
}

/** Every key of the configuration with its meaning, for a help text. */
export const keyList = (): string =>
  columns(
    configKeys.filter(({ description }) => description).map(({ path, description }) => [path, description]),
    '  ',
  );
