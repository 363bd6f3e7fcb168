import { elbo, iwae, type Objective } from '../../objectives/index.ts';
import { cyclical, linearWarmup, type ScheduleLike } from '../../optim/index.ts';
import type { BetaConfig, ObjectiveConfig } from '../config.ts';

/** The objective a configuration describes. */
export function buildObjective(config: ObjectiveConfig): Objective {
  switch (config.kind) {
    case 'elbo':
      return elbo({ ...config, beta: buildBeta(config.beta) });
    case 'iwae':
      return iwae(config);
  }
}

function buildBeta(config: BetaConfig): ScheduleLike {
  if (typeof config === 'number') return config;
  return config.schedule === 'linear' ? linearWarmup(config) : cyclical(config);
}
