import {
  betaTc,
  dip,
  elbo,
  fisher,
  hybrid,
  infoVae,
  iwae,
  m2Objective,
  type Objective,
  predictionConstrained,
  reconstruction,
} from '../../objectives/index.ts';
import { cyclical, linearWarmup, type ScheduleLike } from '../../optim/index.ts';
import type { BetaConfig, ObjectiveConfig } from '../config.ts';

/** The objective a configuration describes. */
export function buildObjective(config: ObjectiveConfig): Objective {
  switch (config.kind) {
    case 'elbo': {
      const { capacity } = config;
      const held = capacity && { gamma: capacity.gamma, nats: buildBeta(capacity.nats) };
      return elbo({ ...config, beta: buildBeta(config.beta), capacity: held });
    }
    case 'iwae':
      return iwae(config);
    case 'beta-tc':
      return betaTc({ ...config, beta: buildBeta(config.beta) });
    case 'infovae':
      return infoVae(config);
    case 'dip':
      return dip(config);
    case 'fisher':
      return fisher(config);
    case 'hybrid':
      return hybrid(config);
    case 'prediction-constrained': {
      const { lambda, consistency } = config;
      return predictionConstrained({
        ...config,
        lambda: lambda && buildBeta(lambda),
        consistency: consistency && { ...consistency, weight: buildBeta(consistency.weight) },
      });
    }
    case 'm2': {
      const { beta = 1, classGradient = 1 } = config;
      return m2Objective({ ...config, beta: buildBeta(beta), classGradient: buildBeta(classGradient) });
    }
    case 'reconstruction':
      return reconstruction();
  }
}

function buildBeta(config: BetaConfig): ScheduleLike {
  if (typeof config === 'number') return config;
  return config.schedule === 'linear' ? linearWarmup(config) : cyclical(config);
}
