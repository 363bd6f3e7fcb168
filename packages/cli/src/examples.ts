import { ReparamError } from '@reparam/tensor';
import { type Command, Option } from 'commander';
import {
  type AnyDataset,
  type Binarization,
  chooseBinarization,
  type Dataset,
  type EncodeOptions,
  requireShape,
  subset,
} from 'reparam';
import type { Split } from 'reparam/data/node';
import { type Session, wholeOption } from './app.ts';
import type { Run } from './run/openRun.ts';

/** Which examples a command looks at. */
export interface ExampleOptions {
  readonly dataset?: string;
  readonly split: Split;
  readonly seed?: number;
}

/** Adds `--dataset`, `--split` and `--seed` to a command that looks at examples. */
export const addExampleOptions = (command: Command, split: Split): Command =>
  command
    .option('--dataset <name>', 'another data set: a name or a path; default: the one it was trained on')
    .addOption(
      new Option('--split <name>', 'which part').choices(['train', 'validation', 'test', 'all']).default(split),
    )
    .option('--seed <n>', 'seed of the bits, where grey values are binarised; default: the run’s', wholeOption(0));

/** Examples, and how the model of a run is to see them. */
export interface Examples {
  readonly dataset: AnyDataset;
  readonly settings: EncodeOptions & { readonly binarization: Binarization };
}

/** Opens the examples the options name. Throws `data` when their size or their values do not suit the model of `run`. */
export async function openExamples(
  session: Session,
  run: Run,
  options: ExampleOptions & { readonly binarization?: Binarization },
): Promise<Examples> {
  const { binarization = run.binarization, seed = run.config.training.seed } = options;
  const dataset = await run.openData(options.split, options.dataset);
  requireShape(run.model, dataset);
  chooseBinarization(run.config.model.likelihood, dataset, binarization);
  return { dataset, settings: { runtime: await session.runtime(), binarization, seed } };
}

/** The examples at `indices`; a `config` error for an index there is none of. */
export function examplesAt(dataset: AnyDataset, indices: readonly number[]): Dataset {
  const wrong = indices.find((index) => index >= dataset.size);
  if (wrong === undefined) return subset(dataset, indices);
  throw new ReparamError('config', 'no such example', {
    got: String(wrong),
    expected: `an index from 0 to ${dataset.size - 1}`,
    at: `${dataset.name}, split ${dataset.split}`,
  });
}
