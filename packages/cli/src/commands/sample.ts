import { ReparamError } from '@reparam/tensor';
import type { Command } from 'commander';
import { sample } from 'reparam';
import { imageGrid } from 'reparam/plot';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { picturePath, pictureStyle, writePicture } from '../pictureFile.ts';
import { toGrey } from '../pictures.ts';
import { sampleDensity } from '../program/commands.ts';
import { openDensityRun } from '../program/openDensityRun.ts';
import { openRun } from '../run/openRun.ts';

interface SampleOptions {
  readonly count: number;
  readonly out?: string;
  readonly binary?: boolean;
  readonly seed?: number;
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
    .addHelpText(
      'after',
      `
Examples:
  $ reparam sample runs/mnist-vae-0
  $ reparam sample runs/mnist-vae-0 --count 100 --seed 7 --binary --out draws.png`,
    );
  addRuntimeOptions(command);
  app.action<[string], SampleOptions>(command, async (session, folder, options) => {
    const density = await openDensityRun(folder);
    if (density) return sampleDensity(session, density, options);
    const run = await openRun(folder);
    const { count, out, binary, seed = run.config.training.seed } = options;
    const name = [
      'samples',
      count,
      ...(options.seed === undefined ? [] : [`seed-${seed}`]),
      ...(binary ? ['binary'] : []),
    ];
    const path = picturePath(run, out, `${name.join('-')}.png`);
    const { size, range } = await pictureStyle(run, count);
    if (binary && run.model.support !== 'binary') {
      throw new ReparamError('config', '--binary needs a Bernoulli likelihood', {
        got: run.model.describe().likelihood,
        fix: 'Leave --binary out: the picture then shows means',
      });
    }
    const drawn = await sample(run.model, run.params, count, { runtime: await session.runtime(), seed });
    const image = imageGrid(toGrey(binary ? drawn.x : drawn.mean, range), size);
    return writePicture(path, image, `${count} samples`, { run: folder, count, seed, binary: binary === true });
  });
}
