import { bernoulliLikelihood, gaussianLikelihood, type Likelihood } from '../likelihoods/index.ts';
import { type LatentModel, vae } from '../models/index.ts';
import { initializers, type LinearOptions, mlp } from '../nn/index.ts';
import { elbo, iwae, type Objective } from '../objectives/index.ts';
import {
  adam,
  adamw,
  clipByGlobalNorm,
  cosine,
  cyclical,
  iwaePaper,
  linearWarmup,
  type Optimizer,
  type ScheduleLike,
  sgd,
  stepDecay,
} from '../optim/index.ts';
import { diagonalNormal, sharedVarianceNormal } from '../posteriors/index.ts';
import type {
  BetaConfig,
  LearningRateConfig,
  LikelihoodConfig,
  ModelConfig,
  ObjectiveConfig,
  OptimizerConfig,
} from './config.ts';

/** The model a configuration describes, for examples of `dataShape`. Throws `config` on values that have no meaning. */
export function buildModel(config: ModelConfig, dataShape: readonly number[]): LatentModel {
  const { latentDim, hidden, activation, layerNorm, dropout } = config;
  const { decoderHidden = [...hidden].reverse() } = config;
  const layers = linearOptions(config);
  const network = { activation, layerNorm, dropout, ...layers };
  const posterior = config.posterior === 'diagonal' ? diagonalNormal : sharedVarianceNormal;
  return vae({
    dataShape,
    latentDim,
    encoder: mlp(hidden, network),
    decoder: mlp(decoderHidden, network),
    likelihood: buildLikelihood(config.likelihood),
    posterior: posterior(layers),
    outputLayer: layers,
  });
}

/** PyTorch's default draws biases too; every other initialiser leaves them at 0. */
function linearOptions({ initializer: name }: ModelConfig): LinearOptions {
  if (name === undefined) return {};
  const initializer = initializers[name];
  return name === 'lecunUniform' ? { initializer, biasInitializer: initializer } : { initializer };
}

const buildLikelihood = (config: LikelihoodConfig): Likelihood =>
  config.kind === 'bernoulli' ? bernoulliLikelihood() : gaussianLikelihood(config);

/** The objective a configuration describes. */
export function buildObjective(config: ObjectiveConfig): Objective {
  return config.kind === 'iwae' ? iwae(config) : elbo({ ...config, beta: buildBeta(config.beta) });
}

function buildBeta(config: BetaConfig): ScheduleLike {
  if (typeof config === 'number') return config;
  return config.schedule === 'linear' ? linearWarmup(config) : cyclical(config);
}

/** The optimiser a configuration describes; its learning rate is `buildLearningRate`. */
export function buildOptimizer(config: OptimizerConfig): Optimizer {
  const { clipNorm } = config;
  const optimizer = plainOptimizer(config);
  return clipNorm === undefined ? optimizer : clipByGlobalNorm(clipNorm, optimizer);
}

function plainOptimizer(config: OptimizerConfig): Optimizer {
  switch (config.kind) {
    case 'adam':
      return adam(config);
    case 'adamw':
      return adamw(config);
    case 'sgd':
      return sgd();
    case 'momentum':
      return sgd({ momentum: config.momentum ?? 0.9, nesterov: config.nesterov ?? false });
  }
}

/** The learning-rate schedule a configuration describes. */
export function buildLearningRate(config: LearningRateConfig): ScheduleLike {
  if (typeof config === 'number') return config;
  switch (config.schedule) {
    case 'constant':
      return config.value;
    case 'step':
      return stepDecay(config);
    case 'cosine':
      return cosine(config);
    case 'iwae-paper':
      return iwaePaper(config);
  }
}
