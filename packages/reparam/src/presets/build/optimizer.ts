import {
  adam,
  adamw,
  clipByGlobalNorm,
  cosine,
  iwaePaper,
  type Optimizer,
  type ScheduleLike,
  sgd,
  stepDecay,
} from '../../optim/index.ts';
import type { LearningRateConfig, OptimizerConfig } from '../config.ts';

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
