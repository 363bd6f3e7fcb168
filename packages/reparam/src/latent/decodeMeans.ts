import type { Float32Tensor, HostTensor } from '@reparam/tensor';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { mapRows, requireCodes } from './mapRows.ts';
import type { LatentOptions } from './options.ts';

/** The likelihood's mean for codes `z` [n, latentDim]: float32 [n, dataSize], in the model's units. */
export async function decodeMeans(
  model: LatentModel,
  params: HostParams,
  z: HostTensor,
  options: LatentOptions,
): Promise<Float32Tensor> {
  requireCodes(z, model.latentDim);
  if (model.decodeRows) return model.decodeRows(params, z, options);
  const decode: Parameters<typeof mapRows<'mean'>>[0] = (p, code, context) => ({
    mean: model.decode(p, code, context).mean,
  });
  return (await mapRows(decode, params, z, options)).mean;
}
