import type { Command } from 'commander';
import { listDatasets } from 'reparam/data/node';
import type { App } from '../app.ts';
import { columns, count } from '../terminal/format.ts';

/** `reparam datasets`: the named sets and where each lies on this machine. */
export function register(program: Command, app: App): void {
  const command = program
    .command('datasets')
    .summary('list the named data sets')
    .description('List the data sets that go by a name, and where each lies on this machine.')
    .option('--data-dir <folder>', 'folder to look in first')
    .addHelpText(
      'after',
      `
Any command that takes a data set also takes the path of a file of yours:
IDX, CSV, TSV, npy or npz (gzipped or not), parquet, CIFAR-10 batches, and
folders or tar archives of images (PNG, JPEG, WebP).

Examples:
  $ reparam datasets
  $ reparam train fashion-mnist
  $ reparam train measurements.csv --set 'model.likelihood={"kind":"gaussian","scale":"shared"}'`,
    );
  app.action<[], { dataDir?: string }>(command, async (_, { dataDir }) => {
    const datasets = await listDatasets(dataDir === undefined ? {} : { dataDir });
    const rows = datasets.map((set) => [
      set.name,
      `${count(set.train)} + ${count(set.test)}`,
      set.shape.join('×'),
      `${set.classes} classes`,
      set.local ?? `to be downloaded from ${set.source}`,
      set.licence,
    ]);
    return {
      json: { datasets },
      text: columns([['name', 'train + test', 'shape', 'labels', 'where', 'licence'], ...rows]),
    };
  });
}
