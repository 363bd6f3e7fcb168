import { type Float32Tensor, hostTensor, ReparamError } from '@reparam/tensor';
import type { AnyDataset } from '../data/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { decodeMeans } from './decodeMeans.ts';
import { type EncodeOptions, encode } from './encode.ts';
import { labelCondition } from './labelCondition.ts';

/**
 * Every example in the style of its own, as each class: decoded from the mean of q(z given x, y) with every y, float32
 * [n, numClasses, dataSize] (Kingma et al. 2014, figure 1). Throws `config` unless the condition of `model` is a class.
 */
export async function analogies(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: EncodeOptions,
): Promise<Float32Tensor> {
  const { conditionSize } = model;
  if (conditionSize === undefined) {
    throw new ReparamError('config', 'analogies need a model that is given the class', {
      got: 'a model without a condition',
    });
  }
  const { mean } = await encode(model, params, dataset, options);
  const { latentDim } = model;
  const classes = Array.from({ length: conditionSize }, (_, label) => label);
  const codes = new Float32Array(dataset.size * conditionSize * latentDim);
  for (let row = 0; row < dataset.size * conditionSize; row++) {
    const from = Math.floor(row / conditionSize) * latentDim;
    codes.set(mean.data.subarray(from, from + latentDim), row * latentDim);
  }
  const { runtime, batchSize, signal } = options;
  const decoded = await decodeMeans(model, params, hostTensor(codes, [dataset.size * conditionSize, latentDim]), {
    runtime,
    ...(batchSize !== undefined && { batchSize }),
    ...(signal && { signal }),
    condition: labelCondition(Array.from({ length: dataset.size }, () => classes).flat(), conditionSize),
  });
  return hostTensor(decoded.data, [dataset.size, conditionSize, decoded.shape[1]!]) as Float32Tensor;
}
