import { ReparamError } from '@reparam/tensor';
import { type Command, Option } from 'commander';
import { classMeans, type ExampleSet, encode, type InterpolationPath, reconstruct } from 'reparam';
import { type PictureRow, pictureTable } from 'reparam/plot';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { addExampleOptions, type ExampleOptions, type Examples, examplesAt, openExamples } from '../examples.ts';
import { conditionsOf } from '../figures/context.ts';
import { cellsOf, classCondition, decodedPath, type InterpolationEnd } from '../figures/interpolation.ts';
import { chartPath, pictureStyle, writeChart } from '../pictureFile.ts';
import { toGrey } from '../pictures.ts';
import { openRun, type Run } from '../run/openRun.ts';

interface InterpolateOptions extends ExampleOptions {
  readonly from?: number;
  readonly to?: number;
  readonly fromLabel?: string;
  readonly toLabel?: string;
  readonly steps: number;
  readonly path: InterpolationPath | 'both';
  readonly out?: string;
}

/** `reparam interpolate`: the way from one example or class to another, decoded. */
export function register(program: Command, app: App): void {
  const command = program
    .command('interpolate')
    .argument('<run>', 'folder of a run')
    .summary('go from one example or class to another: PNG or SVG')
    .description(
      'Go from the code of one example to that of another, or from the mean code of one class to that of another, decode on the way and write the pictures. Examples stand at the ends as the model saw them.',
    )
    .option('--from <i>', 'index of the first example, from 0', wholeOption(0))
    .option('--to <j>', 'index of the last example', wholeOption(0))
    .option('--from-label <class>', 'instead of an example: the mean code of a class, by number or name')
    .option('--to-label <class>', 'the class at the other end')
    .option('--steps <n>', 'codes on the way, both ends included', wholeOption(2), 10)
    .addOption(
      new Option('--path <name>', 'a straight line, a turn along a great circle, or one above the other')
        .choices(['linear', 'spherical', 'both'])
        .default('linear'),
    )
    .option('--out <file>', 'ending in .png or .svg; default: interpolation.png in the run folder')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam interpolate runs/mnist-vae-0 --from 0 --to 3
  $ reparam interpolate runs/mnist-vae-0 --from-label 3 --to-label 8 --path both --steps 16`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string], InterpolateOptions>(command, async (session, folder, options) => {
    const { from, to, fromLabel, toLabel, steps, path } = options;
    const byLabel = needEnds(options);
    const run = await openRun(folder);
    const file = chartPath(run, options.out, 'interpolation.png');
    const paths = path === 'both' ? (['linear', 'spherical'] as const) : [path];
    const { size, range } = await pictureStyle(run, paths.length * (steps + 2));
    const examples = await openExamples(session, run, options);
    const { ends, shown, names } = byLabel
      ? await classEnds(run, examples, fromLabel!, toLabel!)
      : await exampleEnds(run, examples, from!, to!);
    const { model, params } = run;
    const rows: PictureRow[] = [];
    for (const each of paths) {
      const mean = await decodedPath({ model, params, decoding: examples.settings }, ends, steps, each);
      const cells = cellsOf(toGrey(mean, range), steps);
      const [first, last] = shown ? cellsOf(toGrey(shown, range), 2) : [];
      rows.push({
        label: each,
        cells: first && last ? [{ ...first, marked: true }, ...cells, { ...last, marked: true }] : cells,
      });
    }
    const svg = pictureTable({
      ...size,
      title: `From ${names[0]} to ${names[1]}`,
      rows,
      ...(shown && { columns: ['example', ...Array<string>(steps).fill(''), 'example'] }),
    });
    return writeChart(file, svg, `${steps} codes on the way from ${names[0]} to ${names[1]}, ${paths.join(' and ')}`, {
      run: folder,
      ...(byLabel ? { fromLabel, toLabel } : { from, to }),
      steps,
      path,
    });
  });
}

/** Whether classes were named; a `config` error unless both ends are named in one way. */
function needEnds({ from, to, fromLabel, toLabel }: InterpolateOptions): boolean {
  const [byIndex, byLabel] = [
    [from, to],
    [fromLabel, toLabel],
  ].map((ends) => ends.filter((end) => end !== undefined).length) as [number, number];
  if (byIndex + byLabel === 2 && byIndex !== 1) return byLabel === 2;
  throw new ReparamError('config', 'ends of an interpolation', {
    expected: '--from and --to, or --from-label and --to-label',
  });
}

interface Ends {
  readonly ends: readonly [InterpolationEnd, InterpolationEnd];
  /** The two examples as the model saw them, where the ends are examples. */
  readonly shown?: Awaited<ReturnType<typeof reconstruct>>['input'];
  readonly names: readonly [string, string];
}

async function exampleEnds(run: Run, { dataset, settings }: Examples, from: number, to: number): Promise<Ends> {
  const { model, params } = run;
  const both = examplesAt(dataset, [from, to]);
  const codes = (await encode(model, params, both, settings)).mean.data;
  const { input } = await reconstruct(model, params, both, settings);
  const end = (i: number) => ({
    code: codes.subarray(i * model.latentDim, (i + 1) * model.latentDim),
    condition: conditionsOf(both, [i])?.data,
  });
  return { ends: [end(0), end(1)], shown: input, names: [`example ${from}`, `example ${to}`] };
}

async function classEnds(run: Run, { dataset, settings }: Examples, from: string, to: string): Promise<Ends> {
  const labels = [classOf(dataset, from), classOf(dataset, to)] as const;
  const { mean } = await encode(run.model, run.params, dataset, settings);
  const means = classMeans(mean.data, run.model.latentDim, dataset.labels!);
  const end = (label: number) => ({ code: means.get(label)!, condition: classCondition({ test: dataset }, label) });
  return { ends: [end(labels[0]), end(labels[1])], names: [`class ${from}`, `class ${to}`] };
}

/** The number of a class that has examples, from its number or name. */
function classOf({ labels, classNames = [], name }: ExampleSet, text: string): number {
  const label = classNames.includes(text) ? classNames.indexOf(text) : Number(text);
  if (text.trim() !== '' && labels?.includes(label) && label >= 0) return label;
  const known = [...new Set(labels)].filter((each) => each >= 0).sort((a, b) => a - b);
  throw new ReparamError('config', labels ? 'no such class' : 'the examples have no labels', {
    got: text,
    expected: labels && known.map((each) => classNames[each] ?? each).join(', '),
    at: name,
  });
}
