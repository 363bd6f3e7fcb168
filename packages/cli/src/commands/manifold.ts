import type { Command } from 'commander';
import { manifold } from 'reparam';
import { manifoldGrid } from 'reparam/plot';
import { type App, addRuntimeOptions, wholeOption } from '../app.ts';
import { conditionsOf } from '../figures/context.ts';
import { picturePath, pictureStyle, writePicture } from '../pictureFile.ts';
import { toGrey } from '../pictures.ts';
import { openRun } from '../run/openRun.ts';

interface ManifoldOptions {
  readonly size: number;
  readonly out?: string;
}

/** `reparam manifold`: the whole plane of a two-dimensional latent space. */
export function register(program: Command, app: App): void {
  const command = program
    .command('manifold')
    .argument('<run>', 'folder of a run')
    .summary('see the whole plane of a 2-dimensional latent space: PNG')
    .description(
      'Decode a grid of quantiles of the prior and write the pictures as one PNG file; for 2 latent dimensions.',
    )
    .option('--size <n>', 'images a side', wholeOption(1), 20)
    .option('--out <file.png>', 'default: manifold-<size>.png in the run folder')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam manifold runs/mnist-vae-2d-0 --size 30`,
    );
  addRuntimeOptions(command);
  app.action<[string], ManifoldOptions>(command, async (session, folder, { size, out }) => {
    const run = await openRun(folder);
    const path = picturePath(run, out, `manifold-${size}.png`);
    const style = await pictureStyle(run, size * size);
    // All codes of a conditional model stand beside one example: the first of the test set.
    const condition = run.model.conditionSize === undefined ? undefined : conditionsOf(await run.openData('test'), [0]);
    const { mean } = await manifold(run.model, run.params, size, { runtime: await session.runtime(), condition });
    const image = manifoldGrid(toGrey(mean, style.range), { ...style.size, columns: size });
    return writePicture(path, image, `z0 to the right, z1 upwards, ${size} × ${size} codes`, { run: folder, size });
  });
}
