import { basename } from 'node:path';
import type { Command } from 'commander';
import { reconstruct, take } from 'reparam';
import { pairsGrid } from 'reparam/plot';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { wholePictures } from '../completions.ts';
import { addExampleOptions, type ExampleOptions, openExamples } from '../examples.ts';
import { picturePath, pictureStyle, writePicture } from '../pictureFile.ts';
import { imageSizeOf, toGrey } from '../pictures.ts';
import { openRun } from '../run/openRun.ts';

interface ReconstructOptions extends ExampleOptions {
  readonly count: number;
  readonly out?: string;
}

/** `reparam reconstruct`: examples with their reconstructions below them. */
export function register(program: Command, app: App): void {
  const command = program
    .command('reconstruct')
    .argument('<run>', 'folder of a run')
    .summary('reconstruct examples: PNG')
    .description(
      'Encode examples, decode the means of their codes and write pairs, the original above, as one PNG file.',
    )
    .option('--count <n>', 'number of examples, from the first on', wholeOption(1), 40)
    .option('--out <file.png>', 'default: in the run folder, named by count, split and data')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam reconstruct runs/mnist-vae-0
  $ reparam reconstruct runs/mnist-vae-0 --dataset fashion-mnist --out strange.png`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string], ReconstructOptions>(command, async (session, folder, options) => {
    const run = await openRun(folder);
    const other = options.dataset === undefined ? [] : [basename(options.dataset).replace(/\W+/g, '-')];
    const name = ['reconstructions', options.count, options.split, ...other].join('-');
    const path = picturePath(run, options.out, `${name}.png`);
    const { size, range } = await pictureStyle(run, 2 * options.count);
    const { dataset, settings } = await openExamples(session, run, options);
    const examples = take(dataset, options.count);
    const { input, mean } = await reconstruct(run.model, run.params, examples, settings);
    const whole = wholePictures(run, examples);
    const image = pairsGrid(toGrey(whole(input), range), toGrey(whole(mean), range), imageSizeOf(run.shape) ?? size);
    return writePicture(path, image, `${examples.size} examples, each above its reconstruction`, {
      run: folder,
      count: examples.size,
      split: options.split,
    });
  });
}
