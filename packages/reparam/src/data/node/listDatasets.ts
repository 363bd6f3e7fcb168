import { cifar10, locateCifar10 } from './cifar10.ts';
import { findFile, type LocateOptions, placesOf } from './locate.ts';
import { type NamedSet, namedSets } from './registry.ts';

/** What there is to say about a named set, for a list. */
export interface DatasetInfo {
  readonly name: string;
  readonly title: string;
  readonly train: number;
  readonly test: number;
  readonly shape: readonly number[];
  readonly classes: number;
  readonly licence: string;
  /** `bundled`, how it is made, or the first address it is downloaded from. */
  readonly source: string;
  /** The folder it lies in on this machine, or a word for sets that come with the library; undefined when it would be downloaded. */
  readonly local?: string;
}

/** The named sets, those that come with the library first, and where each lies on this machine. */
export async function listDatasets(options: LocateOptions = {}): Promise<DatasetInfo[]> {
  const bundled: DatasetInfo = {
    name: 'digits',
    title: 'small handwritten digits',
    train: 1500,
    test: 297,
    shape: [8, 8],
    classes: 10,
    licence: 'CC BY 4.0, E. Alpaydin, C. Kaynak (UCI)',
    source: 'bundled',
    local: 'bundled',
  };
  const drawn: DatasetInfo = {
    name: 'faces',
    title: 'drawn faces of two factors, pose and expression',
    train: 4000,
    test: 1000,
    shape: [28, 28],
    classes: 3,
    licence: 'Apache-2.0',
    source: 'drawn by the library',
    local: 'drawn when opened',
  };
  const shapes: DatasetInfo = {
    ...drawn,
    name: 'sprites',
    title: 'drawn shapes of five factors: shape, scale, orientation, x, y',
    train: 4376,
    test: 1000,
    shape: [32, 32],
  };
  return [
    bundled,
    drawn,
    shapes,
    ...(await Promise.all(namedSets.map((set) => describe(set, options)))),
    await describeCifar10(options),
  ];
}

async function describeCifar10(options: LocateOptions): Promise<DatasetInfo> {
  const { name, title, train, test, shape, classNames, licence, mirrors } = cifar10;
  const local = await locateCifar10(options);
  return { name, title, train, test, shape, classes: classNames.length, licence, source: mirrors[0], local };
}

async function describe(set: NamedSet, options: LocateOptions): Promise<DatasetInfo> {
  const { name, title, train, test, shape, classNames, licence, mirrors, files } = set;
  const places = placesOf(set, options);
  const found = await Promise.all(Object.values(files).map((file) => findFile(places, file)));
  const local = found.every((file) => file) ? found[0]?.place.folder : undefined;
  return { name, title, train, test, shape, classes: classNames.length, licence, source: mirrors[0]!, local };
}
