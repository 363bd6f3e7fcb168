import { join } from 'node:path';
import { type Float32Tensor, hostTensor, ReparamError } from '@reparam/tensor';
import { type Command, Option } from 'commander';
import { type Binarization, binarizations, type Codes, type ExampleSet, encode, writeCsv, writeNpy } from 'reparam';
import { writeFileAtomic } from 'reparam/io/node';
import { type App, addRuntimeOptions } from '../app.ts';
import { addExampleOptions, type ExampleOptions, openExamples } from '../examples.ts';
import { requireExtension } from '../pictureFile.ts';
import { openRun } from '../run/openRun.ts';

interface EncodeOptions extends ExampleOptions {
  readonly out?: string;
  readonly withScale?: boolean;
  readonly binarization?: Binarization;
}

/** `reparam encode`: the codes of a data set as a table. */
export function register(program: Command, app: App): void {
  const command = program
    .command('encode')
    .argument('<run>', 'folder of a run')
    .summary('write the codes of a data set: npy or CSV')
    .description('Write the posterior means of examples as a table, a row an example, in the order of the data set.')
    .option('--out <file.npy|csv>', 'default: codes.npy in the run folder; CSV has a column of labels where known')
    .option('--with-scale', 'standard deviations too, in as many columns after the means')
    .addOption(
      new Option('--binarization <mode>', 'how grey values become bits; default: as in training').choices([
        ...binarizations,
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ reparam encode runs/mnist-vae-0 --split test --out codes.csv
  $ reparam encode runs/mnist-vae-0 --dataset fashion-mnist --with-scale`,
    );
  addRuntimeOptions(addExampleOptions(command, 'all'));
  app.action<[string], EncodeOptions>(command, async (session, folder, options) => {
    const run = await openRun(folder);
    const path = options.out ?? join(folder, 'codes.npy');
    const extension = requireExtension(path, '.npy', '.csv');
    const { dataset, settings } = await openExamples(session, run, options);
    const codes = await encode(run.model, run.params, dataset, {
      ...settings,
      signal: session.interruptible(),
      onProgress: (share) => session.bar.update(share, 'encoding', `${Math.round(share * dataset.size)} examples`),
    });
    const table = options.withScale ? withScales(codes) : codes.mean;
    await writeFileAtomic(path, extension === '.npy' ? writeNpy(table) : csvOf(table, run.model.latentDim, dataset));
    const [rows, columns] = table.shape;
    return {
      json: { file: path, run: folder, rows, columns, labels: extension === '.csv' && dataset.labels !== undefined },
      text: `${path}  ${rows} codes of ${columns} numbers`,
    };
  });
}

/** Means and standard deviations beside each other: [n, 2 · latentDim]. */
function withScales({ mean, scale }: Codes): Float32Tensor {
  if (!scale) {
    throw new ReparamError('config', '--with-scale needs a diagonal normal posterior', {
      got: 'one without a scale of each dimension',
    });
  }
  const [rows, size] = mean.shape as [number, number];
  const data = new Float32Array(2 * rows * size);
  for (let i = 0; i < rows; i++) {
    data.set(mean.data.subarray(i * size, (i + 1) * size), 2 * i * size);
    data.set(scale.data.subarray(i * size, (i + 1) * size), (2 * i + 1) * size);
  }
  return hostTensor(data, [rows, 2 * size]);
}

function csvOf(table: Float32Tensor, latentDim: number, { labels, classNames }: ExampleSet): string {
  const columns = table.shape[1]!;
  const names = Array.from({ length: columns }, (_, j) => (j < latentDim ? `z${j}` : `scale${j - latentDim}`));
  const csv = writeCsv(table.data, columns, names);
  if (!labels) return csv;
  const word = (label: number) => {
    const name = classNames?.[label] ?? (label < 0 ? '' : String(label));
    return /[",\n\r]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
  };
  const lines = csv.trimEnd().split('\n');
  return `${lines.map((line, i) => `${line},${i === 0 ? 'label' : word(labels[i - 1]!)}`).join('\n')}\n`;
}
