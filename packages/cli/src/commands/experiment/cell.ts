import type { Command } from 'commander';
import { type App, addRuntimeOptions } from '../../app.ts';
import { runCell } from '../../experiment/cell.ts';

/** `reparam experiment cell`: one cell, for the process that fills the table; not in the help. */
export function register(experiment: Command, app: App): void {
  const command = experiment
    .command('cell', { hidden: true })
    .argument('<folder>', 'folder of the cell, with what it is to do')
    .summary('do the work of one cell')
    .description('Do the work of one cell of a table, as its folder says.');
  addRuntimeOptions(command);
  app.action<[string], object>(command, async (session, folder) => {
    const result = await runCell(session, folder);
    return { json: { ...result }, text: `${folder}  accuracy ${(100 * result.test.accuracy).toFixed(2)} %` };
  });
}
