import type { DensityRecipe } from './config.ts';

/** A named recipe of a density model with a program of its own. */
export interface DensityPreset {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly reference: string;
  readonly recipe: DensityRecipe;
}

/** Every preset of a density model that `fit` does not train. */
export const densityPresets: readonly DensityPreset[] = [
  {
    name: 'mixture',
    summary: 'mixture of 10 Gaussians by expectation maximisation: exact log-likelihoods, no latent codes',
    reference: 'Dempster, Laird and Rubin 1977; start of Arthur and Vassilvitskii 2007',
    recipe: {
      program: { kind: 'mixture', components: 10, varianceFloor: 1e-3, tolerance: 1e-4 },
      training: { epochs: 200, batchSize: 1, seed: 0 },
    },
  },
  {
    name: 'rbm',
    summary:
      'Bernoulli restricted Boltzmann machine with 20 hidden units by CD-1: small enough for an exact log-likelihood',
    reference: 'Hinton 2002; settings of Hinton 2012',
    recipe: {
      program: { kind: 'rbm', hidden: 20, sweeps: 1, learningRate: 0.05, momentum: 0.5, sampleSweeps: 1000 },
      training: { epochs: 20, batchSize: 20, seed: 0 },
    },
  },
];
