import { foldIn, type HostTensor, key, mapTree, normalArray, sizeOf } from '@reparam/tensor';
import type { HostParams } from 'reparam';

/** Parameters with normal numbers added to every one, in float64: flows start as the identity, which would hide errors. */
export const perturbed = (params: HostParams, seed: number, scale = 0.4): HostParams =>
  mapTree<HostParams, HostTensor, HostTensor>(params, (value, path) => {
    const noise = normalArray(foldIn(key(seed), path), sizeOf(value.shape));
    return { ...value, data: Float64Array.from(noise, (z, i) => Number(value.data[i]) + scale * z) };
  }) as HostParams;
