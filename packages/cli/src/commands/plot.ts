import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ReparamError } from '@reparam/tensor';
import { type Command, Option } from 'commander';
import { writeFileAtomic } from 'reparam/io/node';
import { withCaption } from 'reparam/plot';
import { type App, addRuntimeOptions } from '../app.ts';
import { someInMemory } from '../data.ts';
import { addExampleOptions, type ExampleOptions, openExamples } from '../examples.ts';
import { figureContext } from '../figures/context.ts';
import { drawFigures, figureKinds } from '../figures/index.ts';
import { rasterize } from '../rasterize.ts';
import { openRun } from '../run/openRun.ts';
import { columns } from '../terminal/format.ts';

interface PlotOptions extends ExampleOptions {
  readonly what: string;
  readonly format: 'png' | 'svg';
}

/** `reparam plot`: the figures of a run. */
export function register(program: Command, app: App): void {
  const command = program
    .command('plot')
    .argument('<run>', 'folder of a run')
    .summary('draw the figures of a run: PNG or SVG')
    .description(
      'Draw figures of a run and write them into its folder figures/, each with a sentence on how to read it.',
    )
    .addOption(
      new Option('--what <kind>', 'which figure')
        .choices(['all', ...figureKinds.map(({ name }) => name)])
        .default('all'),
    )
    .addOption(new Option('--format <name>', 'kind of file').choices(['png', 'svg']).default('png'))
    .addHelpText(
      'after',
      `
Figures:
${columns(figureKinds.map(({ name, summary }) => [name, summary]))}

Examples:
  $ reparam plot runs/mnist-vae-0
  $ reparam plot runs/mnist-vae-0 --what neighbours --format svg`,
    );
  addRuntimeOptions(addExampleOptions(command, 'test'));
  app.action<[string], PlotOptions>(command, async (session, folder, options) => {
    const run = await openRun(folder);
    const { dataset: test, settings } = await openExamples(session, run, options);
    const context = figureContext({
      title: `${run.config.preset} on ${run.config.data.name}`,
      model: run.model,
      params: run.params,
      runtime: settings.runtime,
      binarization: settings.binarization,
      seed: settings.seed ?? run.config.training.seed,
      test: someInMemory(test),
      train: async () => someInMemory(await run.openData('train')),
    });
    const kinds = figureKinds.filter(({ name }) => options.what === 'all' || options.what === name);
    const [only] = kinds;
    const missing = kinds.length === 1 ? only!.missing(context) : undefined;
    if (missing !== undefined) {
      throw new ReparamError('config', `the figure ${only!.name} cannot be drawn from this run`, {
        got: missing,
        at: folder,
      });
    }
    const figures = await drawFigures(context, kinds);
    await mkdir(join(folder, 'figures'), { recursive: true });
    const written = [];
    for (const { file, title, caption, svg } of figures) {
      const path = join(folder, 'figures', `${file}.${options.format}`);
      const whole = withCaption(svg, caption);
      await writeFileAtomic(path, options.format === 'svg' ? whole : await rasterize(whole));
      written.push({ file: path, title, caption });
    }
    return { json: { run: folder, figures: written }, text: columns(written.map(({ file, title }) => [file, title])) };
  });
}
