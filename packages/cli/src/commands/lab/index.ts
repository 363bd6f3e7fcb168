import type { Command } from 'commander';
import type { App } from '../../app.ts';
import * as amortisation from './amortisation.ts';
import * as bounds from './bounds.ts';
import * as collapse from './collapse.ts';
import * as em from './em.ts';
import * as flowVae from './flowVae.ts';
import * as gradients from './gradients.ts';
import * as linearAutoencoder from './linearAutoencoder.ts';
import * as priorSampling from './priorSampling.ts';
import * as training from './training.ts';

const experiments = [
  gradients,
  priorSampling,
  bounds,
  amortisation,
  collapse,
  em,
  flowVae,
  linearAutoencoder,
  training,
];

/** `reparam lab`: the theory, measured. */
export function register(program: Command, app: App): void {
  const lab = program
    .command('lab')
    .summary('measure the theory: estimators, bounds, collapse, EM')
    .description(
      'Experiments on what the theory says, each beside its exact answer. Every one writes charts (SVG, PNG), tables (CSV, JSON) and a page, and prints its tables.',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ reparam lab gradients
  $ reparam lab bounds runs/digits-vae-0
  $ reparam lab collapse digits --out figures/collapse`,
    );
  for (const { register: add } of experiments) add(lab, app);
}
