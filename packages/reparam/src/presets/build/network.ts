import { linearOutput, type OutputLayer, transposedConvOutput } from '../../models/index.ts';
import {
  type ConvNetOptions,
  convDecoder,
  convEncoder,
  dropout as dropoutLayer,
  initializers,
  type LinearOptions,
  type Module,
  mlp,
  sequential,
} from '../../nn/index.ts';
import type { ModelConfig, NetworkConfig } from '../config.ts';

/** The networks of a model, without the layers that parameterise its posterior. */
export interface Networks {
  /** From [dataSize] to features. */
  readonly encoder: Module;
  /** From [latentDim] to features. */
  readonly decoder: Module;
  /** From these features to the likelihood's outputs. */
  readonly outputLayer: OutputLayer;
}

/** The networks a configuration describes, for examples of `dataShape`. */
export function buildNetworks(config: ModelConfig, dataShape: readonly number[]): Networks {
  const { hidden, decoderHidden, activation, layerNorm, dropout, network = { kind: 'mlp' } } = config;
  const { encoderDropout = dropout } = config;
  const layers = linearOptions(config);
  switch (network.kind) {
    case 'mlp': {
      const options = { activation, layerNorm, dropout, ...layers };
      return {
        encoder: mlp(hidden, { ...options, dropout: encoderDropout }),
        decoder: mlp(decoderHidden ?? [...hidden].reverse(), options),
        outputLayer: linearOutput(layers),
      };
    }
    case 'conv': {
      const options = { activation, ...layers, ...sizesOf(network), hidden };
      const decoding = { ...options, hidden: decoderHidden ? [...decoderHidden].reverse() : hidden };
      const encoder = convEncoder(dataShape, options);
      return {
        encoder: encoderDropout > 0 ? sequential([encoder, dropoutLayer(encoderDropout)]) : encoder,
        decoder: convDecoder(dataShape, decoding),
        outputLayer: transposedConvOutput(options),
      };
    }
  }
}

/** The networks between two stochastic layers. */
export function buildUpper(config: ModelConfig, { hidden }: NonNullable<ModelConfig['upper']>) {
  const { activation, layerNorm, dropout } = config;
  const options = { activation, layerNorm, dropout, ...linearOptions(config) };
  return { encoder: mlp(hidden, options), decoder: mlp([...hidden].reverse(), options) };
}

/** What is set of a convolutional network. */
function sizesOf({ kind, ...sizes }: Extract<NetworkConfig, { kind: 'conv' }>): ConvNetOptions {
  const set = Object.entries(sizes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as unknown as ConvNetOptions;
}

/** PyTorch's default draws biases too; every other initialiser leaves them at 0. */
export function linearOptions({ initializer: name }: ModelConfig): LinearOptions {
  if (name === undefined) return {};
  const initializer = initializers[name];
  return name === 'lecunUniform' ? { initializer, biasInitializer: initializer } : { initializer };
}
