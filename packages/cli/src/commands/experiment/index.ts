import type { Command } from 'commander';
import type { App } from '../../app.ts';
import * as cell from './cell.ts';
import * as labels from './labels.ts';

/** `reparam experiment`: tables of many trainings. */
export function register(program: Command, app: App): void {
  const experiment = program
    .command('experiment')
    .summary('fill a table of methods: accuracy with few labels or all')
    .description(
      'Fill a whole table of methods, each cell in a process of its own; given again, only what is missing is run.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ reparam experiment labels --dataset mnist --labels 100
  $ reparam experiment labels --quick`,
    );
  for (const { register: add } of [labels, cell]) add(experiment, app);
}
