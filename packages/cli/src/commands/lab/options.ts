import type { Command } from 'commander';
import { type AnyDataset, buildModel, type Dataset, type LatentModel, take } from 'reparam';
import { addRuntimeOptions, type Session, wholeOption } from '../../app.ts';
import { openData } from '../../data.ts';
import { inMemory } from '../../program/prepareDensity.ts';

/** Options of every experiment. */
export interface LabOptions {
  readonly seed: number;
  readonly out: string;
}

/** Adds `--out` and `--seed`, what a runtime needs, and an example to the help. */
export function addLabOptions(command: Command, example: string, computes = true): Command {
  command
    .addHelpText('after', `\nExamples:\n  $ ${example}`)
    .option('--out <folder>', 'folder for charts, tables and page', `lab/${command.name()}`)
    .option('--seed <n>', 'seed of everything random', wholeOption(0), 0);
  return computes ? addRuntimeOptions(command) : command;
}

/** A split of a set by name or path, in memory, at most `most` of its examples. */
export async function labData(
  session: Session,
  name: string,
  split: 'train' | 'test',
  most = Number.POSITIVE_INFINITY,
): Promise<Dataset> {
  return firstOf(inMemory(await openData({ name, validation: 0, test: 0.1 }, split, session)), most);
}

/** The first `most` examples. */
export const firstOf = (data: AnyDataset, most: number): Dataset => {
  const own = inMemory(data);
  return own.size > most ? take(own, most) : own;
};

/** A small Bernoulli VAE: one hidden layer of 64 on each side. */
export const smallVae = (dataShape: readonly number[], latentDim = 8): LatentModel =>
  buildModel(
    {
      latentDim,
      hidden: [64],
      activation: 'tanh',
      layerNorm: false,
      dropout: 0,
      posterior: { kind: 'diagonal' },
      likelihood: { kind: 'bernoulli' },
    },
    dataShape,
  );

/** Progress of an experiment on the session's bar. */
export const showProgress = (session: Session, what: string) => (share: number) =>
  session.bar.update(share, what, `${Math.round(100 * share)} %`);
