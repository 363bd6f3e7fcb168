/** What a classifier sees of an image. */
export type FeatureKind = 'pixels' | 'means' | 'samples';

/** How a class is told from it; `own` is the model's own prediction of the label. */
export type ClassifierKind = 'logistic-regression' | 'neural-network' | 'nearest-neighbour' | 'own';

/** What a model is trained on: images that have a label, all images, or all images and the labels there are. */
export type Sees = 'labelled images' | 'images' | 'images and labels';

/** A model of a row: a preset, with the networks of the data set. */
export interface ModelRecipe {
  readonly preset: string;
  readonly sees: Sees;
  /** Passes over the images, as a multiple of those of the architecture; 0: the preset's own number. */
  readonly length: number;
  /** The model whose codes this one is of, which is trained first. */
  readonly below?: ModelRecipe;
  /** Time of a pass, as a multiple of a plain VAE's: for estimates only. */
  readonly cost: number;
  /** Keys of the architecture that the preset takes: the encoder's, the size of the code alone, or those of M2. */
  readonly networks: 'shared' | 'latentDim' | 'ofM2';
  /** Keys of its own where labels are few. */
  readonly withFewLabels?: readonly string[];
}

/** A row of the table. */
export interface Method {
  readonly name: string;
  /** Its letter in the list of experiments the table was made for. */
  readonly letter?: string;
  readonly title: string;
  readonly model?: ModelRecipe;
  readonly features: FeatureKind;
  readonly classifier: ClassifierKind;
  /** Only where labels are few: with all of them it is another row. */
  readonly isOfFewLabels?: boolean;
}

const model = (preset: string, sees: Sees, length: number, cost: number): ModelRecipe => ({
  preset,
  sees,
  length,
  cost,
  networks: 'shared',
});

const plainVae = model('vae', 'images', 1, 1);
/** A few labels are soon told by heart: what more of the constraint then changes are the codes of other images, for the worse. */
const pcVae: ModelRecipe = {
  ...model('pc-vae', 'images and labels', 0.5, 1.4),
  withFewLabels: ['objective.lambda=0.3'],
};
const [logistic, own] = ['logistic-regression', 'own'] as const;

/** The rows, in their order. */
export const methods: readonly Method[] = [
  { name: 'pixels', letter: 'a', title: 'logistic regression on pixels', features: 'pixels', classifier: logistic },
  {
    name: 'network',
    letter: 'b',
    title: 'neural network, the encoder’s layers',
    features: 'pixels',
    classifier: 'neural-network',
  },
  {
    name: 'vae',
    letter: 'c',
    title: 'logistic regression on VAE codes',
    model: { ...plainVae, sees: 'labelled images' },
    features: 'means',
    classifier: logistic,
  },
  {
    name: 'm1',
    letter: 'd',
    title: 'logistic regression on M1 codes',
    model: plainVae,
    features: 'samples',
    classifier: logistic,
  },
  {
    name: 'pc-vae',
    letter: 'e',
    title: 'logistic regression on PC-VAE codes',
    model: pcVae,
    features: 'means',
    classifier: logistic,
  },
  {
    name: 'm1-means',
    title: 'logistic regression on M1 codes, posterior means',
    model: plainVae,
    features: 'means',
    classifier: logistic,
    isOfFewLabels: true,
  },
  { name: 'pc-vae-head', title: 'PC-VAE, its own head', model: pcVae, features: 'means', classifier: own },
  {
    name: 'cpc-vae',
    title: 'CPC-VAE, its own head',
    model: model('cpc-vae', 'images and labels', 0.4, 2.8),
    features: 'means',
    classifier: own,
  },
  {
    name: 'm2',
    title: 'M2, q(y|x)',
    model: { ...model('m2', 'images and labels', 0.5, 2.2), networks: 'ofM2' },
    features: 'pixels',
    classifier: own,
  },
  {
    name: 'm1-m2',
    title: 'M1+M2, q(y|z)',
    model: { ...model('m1-m2', 'images and labels', 1, 1.6), below: plainVae },
    features: 'pixels',
    classifier: own,
  },
  {
    name: 'pca',
    title: 'logistic regression on PCA codes',
    model: { preset: 'ppca', sees: 'images', length: 0, cost: 1, networks: 'latentDim' },
    features: 'means',
    classifier: logistic,
  },
  { name: 'neighbour', title: '1-nearest neighbour on pixels', features: 'pixels', classifier: 'nearest-neighbour' },
];

/** The networks that the models of a data set share. */
export interface Architecture {
  readonly latentDim: number;
  /** Hidden layers or convolutions of encoders, of their mirrors, and of the neural network, as `--set` takes them. */
  readonly networks: readonly string[];
  /** Keys of M2, whose networks are passed once for each class. */
  readonly ofM2: readonly string[];
  /** Keys of a model of codes. */
  readonly above: readonly string[];
  /** Keys of the models that are no networks. */
  readonly settings: readonly string[];
  /** Passes over the images of a model of length 1. */
  readonly epochs: number;
  /** Seconds of a pass of a plain VAE over 10,000 images on two cores: for estimates only. */
  readonly seconds: number;
}

const small: Architecture = {
  latentDim: 10,
  networks: ['model.hidden=[128]', 'model.activation=relu'],
  ofM2: ['model.latentDim=10', 'model.hidden=[128]', 'model.activation=relu'],
  above: ['model.above.latentDim=10', 'model.above.hidden=[128]'],
  settings: ['training.batchSize=50'],
  epochs: 200,
  seconds: 0.4,
};

const grey: Architecture = {
  latentDim: 20,
  networks: ['model.hidden=[500,500]', 'model.activation=relu'],
  ofM2: ['model.latentDim=10', 'model.hidden=[256]', 'model.activation=relu'],
  above: ['model.above.latentDim=10', 'model.above.hidden=[500]'],
  settings: [],
  epochs: 40,
  seconds: 0.4,
};

const convolutions = [
  'model.hidden=[]',
  'model.activation=relu',
  'model.initializer=glorotUniform',
  'model.network={"kind":"conv","channels":[16,32,64]}',
];

const colour: Architecture = {
  latentDim: 64,
  networks: convolutions,
  ofM2: ['model.latentDim=20', 'model.hidden=[256]', 'model.activation=relu'],
  above: ['model.above.latentDim=50', 'model.above.hidden=[500]'],
  settings: ['model.likelihood={"kind":"gaussian","scale":"shared","initialScale":0.1}'],
  epochs: 10,
  seconds: 2,
};

/**
 * Keys of the training of the models that share networks, where every label is known. Without them the first steps leave many relu
 * units dead: on MNIST the ELBO of 10 epochs is −109, with them that of 5 is −100.5, and for one of two seeds the posterior stays
 * at the prior. A hundred labels tell more of codes of the poorer VAE, which uses fewer dimensions: 80 % against 72 %.
 */
export const trainingWithEveryLabel = ['optimizer.learningRate.warmup=1'];

/** The networks for examples of `shape`: convolutions for colour images, wide layers for large grey ones. */
export const architectureFor = (shape: readonly number[]): Architecture =>
  shape.length === 3 && shape[2] === 3 ? colour : shape.reduce((a, b) => a * b, 1) >= 400 ? grey : small;
