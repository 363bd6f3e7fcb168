import type { Runtime } from '@reparam/tensor';
import {
  type AnyDataset,
  buildClassifier,
  type CodeClassifierConfig,
  fitOnCodes,
  type HostParams,
  type LatentModel,
} from 'reparam';
import type { Session } from '../app.ts';
import type { RunClassifier, StrengthChoice } from './classifierFile.ts';
import { countLabelled } from './knownLabels.ts';
import { describeClassifier, type PredictorOptions } from './predictor.ts';

/** Whose codes a classifier is fitted on. */
export interface ClassifierTask {
  readonly model: LatentModel;
  readonly params: HostParams;
  /** With the labels that may be used; the rows without are not looked at. */
  readonly train: AnyDataset;
  /** Chooses the strength of the penalty, where it has labels. */
  readonly validation?: AnyDataset | undefined;
  /** With `numClasses`. */
  readonly classifier: CodeClassifierConfig;
}

/** Fits a classifier on codes of the labelled training examples, and says on what and how. */
export async function fitClassifier(
  session: Session,
  { model, params, train, validation, classifier: config }: ClassifierTask,
  { runtime, binarization, seed }: Pick<PredictorOptions, 'binarization' | 'seed'> & { readonly runtime: Runtime },
): Promise<RunClassifier> {
  const held = validation && countLabelled(validation) > 0 ? validation : undefined;
  const started = performance.now();
  const fitted = await fitOnCodes(model, params, train, buildClassifier(config), {
    numClasses: config.numClasses!,
    codes: config.codes,
    validation: held,
    runtime,
    binarization: config.binarization ?? binarization,
    seed,
    signal: session.interruptible(),
    onProgress: (share) => session.bar.update(share, 'fitting the classifier', `${Math.round(100 * share)} %`),
  });
  session.bar.clear();
  const strengthChosenBy: StrengthChoice =
    config.strength !== undefined ? 'given' : held ? 'validation' : 'cross-validation';
  const facts = { rows: countLabelled(train), strength: fitted.figures.strength ?? Number.NaN, strengthChosenBy };
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  session.say(`${describeClassifier(config)}, ${describeFacts(facts, held)}: fitted in ${seconds} s`);
  return { config, fitted, facts };
}

/** How many examples, and how the strength was chosen. */
export const describeFacts = (
  { rows, strength, strengthChosenBy }: RunClassifier['facts'],
  held?: AnyDataset | undefined,
): string =>
  `${rows} labelled examples, strength ${strength.toPrecision(3)} ${
    {
      given: 'as given',
      validation: `chosen on ${held ? `${countLabelled(held)} ` : ''}validation examples`,
      'cross-validation': 'chosen by cross-validation',
    }[strengthChosenBy]
  }`;
