import { ReparamError } from '@reparam/tensor';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { complete, sample, take } from 'reparam';
import type { Split } from 'reparam/data/node';
import { imageGrid } from 'reparam/plot';
import { type App, addRuntimeOptions, type Output, type Session, wholeOption } from '../app.ts';
import { classesOf, classRows, completionGrid } from '../completions.ts';
import { picturePath, pictureStyle, writePicture } from '../pictureFile.ts';
import { imageSizeOf, toGrey } from '../pictures.ts';
import { sampleDensity } from '../program/commands.ts';
import { openDensityRun } from '../program/openDensityRun.ts';
import { openRun, type Run } from '../run/openRun.ts';

interface SampleOptions {
  readonly count: number;
  readonly out?: string;
  readonly binary?: boolean;
  readonly seed?: number;
  readonly label?: readonly number[] | 'all';
  readonly split: Split;
  readonly draws: number;
}

/** `reparam sample`: a grid of draws from the model. */
export function register(program: Command, app: App): void {
  const command = program
    .command('sample')
    .argument('<run>', 'folder of a run')
    .summary('draw samples: PNG')
    .description('Draw codes from the prior, decode them and write the pictures as one PNG file.')
    .option('--count <n>', 'number of samples', wholeOption(1), 64)
    .option('--out <file.png>', 'default: in the run folder, named by count and seed')
    .option('--binary', 'draw the pixels too, instead of showing their probabilities')
    .option('--seed <n>', 'seed of the draws; sample i is the same for any count; default: the run’s', wholeOption(0))
    .option('--label <n>', 'class to draw, or several (3,5), or all: --count of each, a row a class', labels)
    .option('--draws <n>', 'completions of each picture, of a run that completes pictures', wholeOption(1), 5)
    .addOption(
      new Option('--split <name>', 'part whose pictures are completed')
        .choices(['train', 'validation', 'test', 'all'])
        .default('test'),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ reparam sample runs/mnist-vae-0
  $ reparam sample runs/mnist-vae-0 --count 100 --seed 7 --binary --out draws.png
  $ reparam sample runs/mnist-cvae-0 --label 3
  $ reparam sample runs/mnist-cvae-0 --label all --count 10
  $ reparam sample runs/mnist-cvae-complete-0 --count 12 --draws 8`,
    );
  addRuntimeOptions(command);
  app.action<[string], SampleOptions>(command, async (session, folder, options) => {
    const density = await openDensityRun(folder);
    if (density) return sampleDensity(session, density, options);
    const run = await openRun(folder);
    if (run.config.model.condition.kind === 'completion') return sampleCompletions(session, run, options);
    const rows = classRowsOf(run, options);
    const { count, out, binary, seed = run.config.training.seed } = options;
    const name = [
      'samples',
      count,
      ...(options.label === undefined ? [] : [`label-${[options.label].flat().join('-')}`]),
      ...(options.seed === undefined ? [] : [`seed-${seed}`]),
      ...(binary ? ['binary'] : []),
    ];
    const path = picturePath(run, out, `${name.join('-')}.png`);
    const total = rows ? rows.length * count : count;
    const { size, range } = await pictureStyle(run, total);
    if (binary && run.model.support !== 'binary') {
      throw new ReparamError('config', '--binary needs a Bernoulli likelihood', {
        got: run.model.describe().likelihood,
        fix: 'Leave --binary out: the picture then shows means',
      });
    }
    const given = rows && { condition: classRows(rows, count, run.model) };
    const drawn = await sample(run.model, run.params, total, { runtime: await session.runtime(), seed, ...given });
    const columns = rows && rows.length > 1 ? { columns: count } : {};
    const image = imageGrid(toGrey(binary ? drawn.x : drawn.mean, range), { ...size, ...columns });
    const shows = rows
      ? `${count} samples of ${rows.length > 1 ? 'each class, a row a class' : `class ${rows[0]}`}`
      : `${count} samples`;
    return writePicture(path, image, shows, {
      run: folder,
      count,
      seed,
      binary: binary === true,
      ...(rows && { labels: rows }),
    });
  });
}

/** The classes to draw: those asked for, every class by default, none of a model without labels. */
function classRowsOf({ model, config }: Run, { label }: SampleOptions): readonly number[] | undefined {
  if (config.model.condition.kind === 'labels')
    return label === undefined || label === 'all' ? classesOf(model) : label;
  if (label === undefined) return undefined;
  throw new ReparamError('config', '--label needs a model that is given labels', {
    got: 'an unconditional model',
    fix: 'Train the preset cvae',
  });
}

/** Pictures of a split with a quadrant missing, their completions and the truth. */
async function sampleCompletions(session: Session, run: Run, options: SampleOptions): Promise<Output> {
  const { count, out, draws, split, label, seed = run.config.training.seed } = options;
  const { condition } = run.config.model;
  if (condition.kind !== 'completion' || label !== undefined) {
    throw new ReparamError('config', '--label needs a model that is given labels', {
      got: 'one that completes pictures',
    });
  }
  const path = picturePath(run, out, `completions-${count}-${draws}.png`);
  const { range } = await pictureStyle(run, count * (draws + 2));
  const examples = take(await run.openData(split), count);
  const { shape } = run;
  const settings = { runtime: await session.runtime(), seed, shape, missing: condition.missing, draws };
  const completions = await complete(run.model, run.params, examples, settings);
  const image = completionGrid(completions, range, imageSizeOf(shape)!);
  const shows = `${examples.size} pictures: what is given, ${draws} completions, the truth`;
  return writePicture(path, image, shows, { run: run.folder, count: examples.size, draws, split, seed });
}

function labels(text: string): readonly number[] | 'all' {
  if (text === 'all') return text;
  if (/^\d+(,\d+)*$/.test(text)) return text.split(',').map(Number);
  throw new InvalidArgumentError('Expected a class number, several such as 3,5, or all.');
}
