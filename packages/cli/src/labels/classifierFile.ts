import { join } from 'node:path';
import { ReparamError, type Runtime } from '@reparam/tensor';
import { buildClassifier, type CodeClassifierConfig, type FittedClassifier } from 'reparam';
import { readSafetensors, writeSafetensors } from 'reparam/io';
import { readFileChecked, writeFileAtomic } from 'reparam/io/node';
import { runFiles } from '../run/folder.ts';
import { exists } from '../run/openRun.ts';
import { asFloat32, named } from '../run/weights.ts';

const format = 'reparam-classifier-1';

/** How the strength of a classifier's penalty came about. */
export type StrengthChoice = 'validation' | 'cross-validation' | 'given';

/** What is known of a fitted classifier besides its parameters. */
export interface ClassifierFacts {
  /** Examples it was fitted to. */
  readonly rows: number;
  readonly strength: number;
  readonly strengthChosenBy: StrengthChoice;
}

/** A classifier of a run's codes, and how it came about. */
export interface RunClassifier {
  readonly config: CodeClassifierConfig;
  readonly fitted: FittedClassifier;
  readonly facts: ClassifierFacts;
}

/** Replaces the classifier of `folder`, whole or not at all. */
export async function writeClassifier(folder: string, { config, fitted, facts }: RunClassifier): Promise<void> {
  const { kind, codes = 'mean' } = config;
  const metadata = { format, kind, codes, facts: JSON.stringify(facts) };
  await writeFileAtomic(join(folder, runFiles.classifier), writeSafetensors(named(asFloat32(fitted.params)), metadata));
}

/** The classifier stored in `folder`; undefined where there is none yet. Throws `data` when it belongs to another run. */
export async function readClassifier(
  folder: string,
  config: CodeClassifierConfig,
  latentDim: number,
  runtime: Runtime,
): Promise<RunClassifier | undefined> {
  const at = join(folder, runFiles.classifier);
  if (!(await exists(at))) return undefined;
  const { tensors, metadata } = readSafetensors(await readFileChecked(at), at);
  const { kind, codes = 'mean', numClasses } = config;
  const fix = 'Delete the file and run `reparam resume` to fit it again';
  const found = `${metadata.format} ${metadata.kind} of codes ${metadata.codes}`;
  const wanted = `${format} ${kind} of codes ${codes}`;
  if (found !== wanted)
    throw new ReparamError('data', 'not the classifier of this run', { got: found, expected: wanted, at, fix });
  const fitted = buildClassifier(config).restore(tensors, { runtime });
  if (fitted.numFeatures !== latentDim || fitted.numClasses !== numClasses) {
    throw new ReparamError('data', 'the classifier does not fit the run', {
      got: `${fitted.numFeatures} features, ${fitted.numClasses} classes`,
      expected: `${latentDim} and ${numClasses}`,
      at,
      fix,
    });
  }
  return { config, fitted, facts: JSON.parse(metadata.facts ?? '{}') as ClassifierFacts };
}
