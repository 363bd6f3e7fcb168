import { digestOf } from '../child/trainedRun.ts';
import type { Budget } from './labelSplit.ts';
import {
  type Architecture,
  architectureFor,
  type Method,
  type ModelRecipe,
  trainingWithEveryLabel,
} from './methods.ts';
import type { SplitFiles } from './splitFiles.ts';

/** What is known of the images before any of them is used. */
export interface DataFacts {
  readonly name: string;
  /** Of all values and labels. */
  readonly digest: string;
  readonly shape: readonly number[];
  readonly scale: number;
  readonly numClasses: number;
  readonly trainSize: number;
  readonly testSize: number;
  readonly notes: readonly string[];
}

/** Everything that a table depends on. */
export interface TableSettings {
  readonly data: DataFacts;
  readonly budget: Budget;
  readonly draws: number;
  readonly methods: readonly Method[];
  /** Multiplies the passes of every model. */
  readonly epochsScale: number;
  /** Keys of every model, as `--set` takes them. */
  readonly settings: readonly string[];
  /** Whether draws share the models that see no labels. */
  readonly shareModels: boolean;
}

/** A model to be trained; several cells may use it. */
export interface ModelTask {
  /** Its folder, whose name holds a digest of all that it depends on. */
  readonly name: string;
  readonly what: string;
  /** About how long it takes. */
  readonly seconds: number;
  /** The model whose codes this one is of. */
  readonly below?: ModelTask;
  /** Arguments of `reparam train`, with the folder of `below`. */
  train(files: SplitFiles, below?: string): string[];
}

/** A figure to be found: a method with a draw of labels. */
export interface CellTask {
  readonly name: string;
  readonly method: Method;
  readonly draw: number;
  readonly model?: ModelTask;
  readonly architecture: Architecture;
  readonly seconds: number;
}

/** Part of every digest: raise it when what the same settings give has changed. */
const version = 2;
/** A VAE of the few labelled images takes at most so many times the passes: its steps would be too few. */
const mostRepeats = 50;

/** The cells of a table, draw after draw, so that an unfinished table has every row. */
export function planCells(settings: TableSettings): CellTask[] {
  const architecture = architectureFor(settings.data.shape);
  return Array.from({ length: settings.draws }, (_, draw) =>
    settings.methods.map((method): CellTask => {
      const { features, classifier } = method;
      const model = method.model && modelTask(settings, architecture, method.model, draw);
      const { data, budget } = settings;
      const network = classifier === 'neural-network' ? architecture.networks : [];
      const digest = digestOf([version, data.digest, budget, draw, features, classifier, network, model?.name]);
      const seconds = classifier === 'own' ? 5 : classifierSeconds(settings, features, architecture);
      const cell = { name: `${method.name}-${draw}-${digest}`, method, draw, architecture, seconds };
      return model ? { ...cell, model } : cell;
    }),
  ).flat();
}

function modelTask(settings: TableSettings, architecture: Architecture, recipe: ModelRecipe, draw: number): ModelTask {
  const { data, budget, epochsScale, shareModels } = settings;
  const { preset, sees, length, below, cost, networks, withFewLabels = [] } = recipe;
  const isWhole = budget === 'all' || sees !== 'labelled images';
  // Without labels to see, all draws of few labels have the same images.
  const isSame = budget !== 'all' && sees === 'images';
  const seed = isSame && shareModels ? 0 : draw;
  const [size, labelled] = sizesOf(settings);
  const repeats = isWhole ? 1 : Math.min(mostRepeats, size / labelled);
  const epochs =
    length === 0 ? undefined : Math.max(1, Math.round(architecture.epochs * length * epochsScale * repeats));
  const lower = below && modelTask(settings, architecture, below, draw);
  const keys = [
    ...(networks === 'ofM2' ? architecture.ofM2 : [`model.latentDim=${architecture.latentDim}`]),
    ...(networks === 'shared' ? architecture.networks : []),
    ...(networks === 'shared' && budget === 'all' ? trainingWithEveryLabel : []),
    ...(networks === 'latentDim' ? [] : architecture.settings),
    ...(lower ? architecture.above : []),
    ...(budget === 'all' ? [] : withFewLabels),
    ...settings.settings,
  ];
  const images = isSame ? 'all' : [budget, draw, isWhole];
  const digest = digestOf([
    ...[version, data.digest, data.scale, images, sees === 'images and labels', preset, seed, epochs ?? null, keys],
    lower?.name,
  ]);
  const passes = isWhole ? size / 10_000 : labelled / 10_000;
  return {
    name: `${preset}-${seed}-${digest}`,
    what: `${preset}, ${isSame && shareModels ? 'for all draws' : `draw ${draw}`}`,
    seconds: 4 + (epochs ?? 1) * passes * architecture.seconds * cost,
    ...(lower && { below: lower }),
    train: (files, from) => [
      isWhole ? files.train : files.labelled,
      ...(sees === 'images and labels' ? ['--labels', files.trainLabels] : []),
      ...['--preset', preset, '--seed', String(seed), '--num-samples', '0'],
      ...(epochs === undefined ? [] : ['--epochs', String(epochs)]),
      ...(from === undefined ? [] : ['--from', from]),
      ...[`data.scale=${data.scale}`, `data.testFile=${files.test}`, ...keys].flatMap((key) => ['--set', key]),
    ],
  };
}

/** How many training images there are, and how many of them have a label. */
function sizesOf({ data, budget }: TableSettings): readonly [number, number] {
  if (budget !== 'all') return [data.trainSize, budget];
  const size = Math.round(0.8 * (data.trainSize + data.testSize));
  return [size, size];
}

/** About how long a classifier takes: what it multiplies, at the speed of a core. */
function classifierSeconds(settings: TableSettings, features: Method['features'], { latentDim }: Architecture): number {
  const { shape, numClasses } = settings.data;
  const columns = features === 'pixels' ? shape.reduce((a, b) => a * b, 1) : latentDim;
  const [, labelled] = sizesOf(settings);
  return 4 + (labelled * columns * numClasses * 4 * 500) / 5e10;
}
