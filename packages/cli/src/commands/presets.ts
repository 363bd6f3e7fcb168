import type { Command } from 'commander';
import { densityPresets, presets } from 'reparam';
import type { App } from '../app.ts';

const all = [...presets, ...densityPresets];

/** `reparam presets`: the named recipes and where they come from. */
export function register(program: Command, app: App): void {
  const command = program
    .command('presets')
    .summary('list the named recipes')
    .description('List the presets: model, objective and training settings under one name, with their reference.')
    .addHelpText(
      'after',
      `
Examples:
  $ reparam presets
  $ reparam presets --json                       every setting of every preset
  $ reparam train mnist --preset vae-2d --epochs 20`,
    );
  app.action(command, async () => ({
    json: { presets: all.map(({ recipe, ...rest }) => ({ ...rest, config: recipe })) },
    text: all.map(({ name, summary, reference }) => `${name}\n    ${summary}\n    ${reference}`).join('\n\n'),
  }));
}
