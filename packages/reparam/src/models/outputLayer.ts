import { type HostTensor, hostTensor, type Key, sizeOf } from '@reparam/tensor';
import type { Likelihood } from '../likelihoods/index.ts';
import { type ConvNetOptions, convOutput, imageSize, type LinearOptions, linear, type Module } from '../nn/index.ts';
import type { HostParams } from '../params.ts';

/** The last layer of a decoder: from its features to the outputs a likelihood needs. */
export interface OutputLayer {
  module(likelihood: Likelihood, dataShape: readonly number[]): Module;
  /** Fresh parameters at which the likelihood's mean is about `dataMean`, as far as the layer's biases can say it. */
  init(
    module: Module,
    key: Key,
    inputShape: readonly number[],
    likelihood: Likelihood,
    dataShape: readonly number[],
    dataMean: Float64Array | undefined,
  ): HostParams;
}

/** A linear layer: a bias for every output. */
export const linearOutput = (options: LinearOptions = {}): OutputLayer => ({
  module: (likelihood, dataShape) => linear(likelihood.outputsPerValue * sizeOf(dataShape), options),
  init(module, key, inputShape, likelihood, _, dataMean) {
    const params = module.init(key, inputShape);
    return dataMean ? { ...params, bias: biasLike(params, likelihood.initialBias(dataMean)) } : params;
  },
});

/** A transposed convolution: a bias for each channel, so the mean it starts at is that of the channel. */
export const transposedConvOutput = (options: ConvNetOptions): OutputLayer => ({
  module: (likelihood, dataShape) => convOutput(dataShape, likelihood.outputsPerValue, options),
  init(module, key, inputShape, likelihood, dataShape, dataMean) {
    const params = module.init(key, inputShape) as { readonly 0: HostParams };
    if (!dataMean) return params as unknown as HostParams;
    const { channels } = imageSize(dataShape);
    const perValue = likelihood.initialBias(channelMeans(dataMean, channels));
    // Parameter-major, channels innermost: the first values of each parameter are one for each channel.
    const bias = Float32Array.from({ length: likelihood.outputsPerValue * channels }, (_, i) => {
      const parameter = Math.floor(i / channels);
      return perValue[parameter * dataMean.length + (i % channels)]!;
    });
    return { ...params, 0: { ...params[0], bias: biasLike(params[0], bias) } } as unknown as HostParams;
  },
});

function channelMeans(dataMean: Float64Array, channels: number): Float64Array {
  const totals = new Float64Array(channels);
  dataMean.forEach((value, i) => {
    totals[i % channels]! += (value * channels) / dataMean.length;
  });
  return dataMean.map((_, i) => totals[i % channels]!);
}

const biasLike = (params: HostParams, bias: Float32Array): HostTensor =>
  hostTensor(bias, (params.bias as HostTensor).shape);
