import { ReparamError, type Runtime } from '@reparam/tensor';
import {
  averageOutcomes,
  buildNetworks,
  codeFeatures,
  type Dataset,
  type Features,
  type FittedClassifier,
  featuresOf,
  nearestNeighbours,
  predictLabels,
  subset,
} from 'reparam';
import type { Session } from '../app.ts';
import { resolveConfig } from '../config/resolve.ts';
import { openRun, type Run } from '../run/openRun.ts';
import { fitLogisticRegression, fitNetwork, stacked } from './fitting.ts';
import type { ClassifierKind, FeatureKind } from './methods.ts';

/** How a cell's predictions come about. */
export interface CellInput {
  readonly features: FeatureKind;
  readonly classifier: ClassifierKind;
  readonly numClasses: number;
  /** Of the classifier, its validation rows and draws of codes. */
  readonly seed: number;
  /** The folder of the cell's model, where it has one. */
  readonly run?: string;
  /** Keys of the encoder whose layers the neural network has. */
  readonly networks: readonly string[];
}

/** Scores [rows, K] of images whose labels were not given. */
export interface Predictions {
  readonly test: Float32Array;
  /** Of the training images without a label, in their order; absent when all have one. */
  readonly unlabelled?: Float32Array;
  readonly hasProbabilities: boolean;
  /** What was chosen and how fitting went. */
  readonly fitting: Readonly<Record<string, number>>;
}

/** Draws from each posterior that predictions on samples are averaged over; with few labels, also fitted to. */
const numDraws = 10;
/** Labelled images below which a classifier is fitted to all of these draws; otherwise to one. */
const few = 1000;

/**
 * Learns from the labelled images of `train` and predicts the others and `test`, whose labels are not there. Encoders see grey
 * values, whatever bits they were trained on.
 */
export async function predictions(
  session: Session,
  input: CellInput,
  train: Dataset,
  test: Dataset,
): Promise<Predictions> {
  const runtime = await session.runtime();
  const run = input.run === undefined ? undefined : await openRun(input.run);
  const rows = [...train.labels!.keys()];
  const labelled = rows.filter((row) => train.labels![row]! >= 0);
  const others = rows.filter((row) => train.labels![row]! < 0);
  const source = { session, input, run, runtime };
  const { scores, ...learnt } = await learn(source, subset(train, labelled));
  return {
    test: await scores(test),
    ...(others.length > 0 && { unlabelled: await scores(subset(train, others)) }),
    ...learnt,
  };
}

interface Source {
  readonly session: Session;
  readonly input: CellInput;
  readonly run: Run | undefined;
  readonly runtime: Runtime;
}

interface Learnt extends Pick<Predictions, 'hasProbabilities' | 'fitting'> {
  scores(set: Dataset): Promise<Float32Array>;
}

async function learn(source: Source, labelled: Dataset): Promise<Learnt> {
  const { session, input, run, runtime } = source;
  const { classifier: kind, numClasses, seed, networks } = input;
  const signal = session.interruptible();
  if (kind === 'own') {
    const { model, params } = needRun(run);
    const scores = async (set: Dataset) => (await predictLabels(model, params, set, { runtime, seed, signal })).data;
    return { hasProbabilities: true, fitting: {}, scores };
  }
  const isSampled = input.features === 'samples';
  const copies = isSampled && labelled.size < few ? numDraws : 1;
  const draws: Features[] = [];
  for (let draw = 0; draw < copies; draw++) draws.push(await featuresFor(source, labelled, draw));
  const labels = new Int32Array(copies * labelled.size);
  for (let copy = 0; copy < copies; copy++) labels.set(labelled.labels!, copy * labelled.size);
  const rows = { features: copies === 1 ? draws[0]! : stacked(draws), labels, copies };
  const onProgress = (share: number) => session.bar.update(share, 'fitting', `${Math.round(100 * share)} %`);
  const options = { numClasses, runtime, seed, signal, onProgress };
  const { classifier, chosen } =
    kind === 'logistic-regression'
      ? await fitLogisticRegression(rows, options)
      : kind === 'neural-network'
        ? await fitNetwork(await encoderLayers(networks, labelled.shape), rows, options)
        : { classifier: await nearestNeighbours().fit(rows.features, labels, options), chosen: {} };
  return {
    hasProbabilities: classifier.hasProbabilities,
    fitting: { ...chosen },
    scores: (set) => scoresOf(source, classifier, set, isSampled ? numDraws : 1),
  };
}

/** Scores, or probabilities averaged over draws of the codes. */
async function scoresOf(
  source: Source,
  classifier: FittedClassifier,
  set: Dataset,
  count: number,
): Promise<Float32Array> {
  const found: Float32Array[] = [];
  for (let draw = 0; draw < count; draw++) {
    source.session.bar.update(draw / count, 'predicting', `${set.size} images`);
    found.push(await classifier.scores(await featuresFor(source, set, draw)));
  }
  return count === 1 ? found[0]! : averageOutcomes(found, 'categorical');
}

async function featuresFor({ session, input, run, runtime }: Source, set: Dataset, draw: number): Promise<Features> {
  if (input.features === 'pixels') return featuresOf(set);
  const { model, params } = needRun(run);
  const codes = input.features === 'means' ? 'mean' : 'sample';
  return codeFeatures(model, params, set, { runtime, codes, draw, seed: input.seed, signal: session.interruptible() });
}

/** The layers of the encoder that the models of the table have. */
async function encoderLayers(networks: readonly string[], shape: readonly number[]) {
  const { model } = await resolveConfig({ preset: 'vae', set: networks }, 'images');
  return buildNetworks(model, shape).encoder;
}

function needRun(run: Run | undefined): Run {
  if (run) return run;
  throw new ReparamError('config', 'the cell has no model', { expected: 'a run' });
}
