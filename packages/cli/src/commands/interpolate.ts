import type { Command } from 'commander';
import { decodeMeans, encode, interpolate, reconstruct } from 'reparam';
import { stripGrid } from 'reparam/plot';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { addExampleOptions, type ExampleOptions, examplesAt, openExamples } from '../examples.ts';
import { picturePath, pictureStyle, writePicture } from '../pictureFile.ts';
import { toGrey } from '../pictures.ts';
import { openRun } from '../run/openRun.ts';

interface InterpolateOptions extends ExampleOptions {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly spherical?: boolean;
  readonly out?: string;
}

/** `reparam interpolate`: the way from one example to another, decoded. */
export function register(program: Command, app: App): void {
  const command = program
    .command('interpolate')
    .argument('<run>', 'folder of a run')
    .summary('go from one example to another: PNG')
    .description(
      'Go from the code of one example to that of another, decode on the way and write the pictures, with the two examples at the ends, as one PNG file.',
    )
    .requiredOption('--from <i>', 'index of the first example, from 0', wholeOption(0))
    .requiredOption('--to <j>', 'index of the last example', wholeOption(0))
    .option('--steps <n>', 'codes on the way, both ends included', wholeOption(2), 10)
    .option('--spherical', 'turn along a great circle instead of a straight line')
    .option('--out <file.png>', 'default: interpolation.png in the run folder')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam interpolate runs/mnist-vae-0 --from 0 --to 3
  $ reparam interpolate runs/mnist-vae-0 --from 0 --to 3 --spherical --steps 16`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string], InterpolateOptions>(command, async (session, folder, options) => {
    const { from, to, steps, spherical } = options;
    const run = await openRun(folder);
    const path = picturePath(run, options.out, 'interpolation.png');
    const { size, range } = await pictureStyle(run, steps + 2);
    const { model, params } = run;
    const { dataset, settings } = await openExamples(session, run, options);
    const ends = examplesAt(dataset, [from, to]);
    const codes = (await encode(model, params, ends, settings)).mean.data;
    const { input } = await reconstruct(model, params, ends, settings);
    const [z0, z1] = [codes.subarray(0, model.latentDim), codes.subarray(model.latentDim)];
    const way = interpolate(z0, z1, steps, spherical ? 'spherical' : 'linear');
    const decoded = toGrey(await decodeMeans(model, params, way, settings), range);
    const shown = toGrey(input, range);
    const width = shown.length / 2;
    const strip = new Float32Array(decoded.length + 2 * width);
    strip.set(shown.subarray(0, width));
    strip.set(decoded, width);
    strip.set(shown.subarray(width), width + decoded.length);
    const image = stripGrid(strip, { ...size, columns: steps + 2 });
    return writePicture(path, image, `example ${from}, ${steps} codes on the way, example ${to}`, {
      run: folder,
      from,
      to,
      steps,
      path: spherical ? 'spherical' : 'linear',
    });
  });
}
