import { initializers, type LinearOptions, type Module, mlp } from '../../nn/index.ts';
import type { ModelConfig } from '../config.ts';

/** The two networks of a model, without the layers that parameterise its distributions. */
export interface Networks {
  /** From [dataSize] to features. */
  readonly encoder: Module;
  /** From [latentDim] to features. */
  readonly decoder: Module;
}

/** The networks a configuration describes. */
export function buildNetworks(config: ModelConfig): Networks {
  const { hidden, activation, layerNorm, dropout } = config;
  const { decoderHidden = [...hidden].reverse() } = config;
  const options = { activation, layerNorm, dropout, ...linearOptions(config) };
  return { encoder: mlp(hidden, options), decoder: mlp(decoderHidden, options) };
}

/** PyTorch's default draws biases too; every other initialiser leaves them at 0. */
export function linearOptions({ initializer: name }: ModelConfig): LinearOptions {
  if (name === undefined) return {};
  const initializer = initializers[name];
  return name === 'lecunUniform' ? { initializer, biasInitializer: initializer } : { initializer };
}
