import { foldIn, type HostTensor, key, mapTree, normalArray } from '@reparam/tensor';
import type { HostParams, LatentModel } from 'reparam';
import { floats } from '../support.ts';

/** Parameters far from a model's start, so that its posterior is no trivial one; float64. */
export const movedParams = (model: LatentModel, scale = 0.5): HostParams =>
  mapTree<HostParams, HostTensor, HostTensor>(model.init(key(2)), (t, path) =>
    floats(
      Array.from(normalArray(foldIn(key(9), path), t.data.length), (z) => scale * z),
      t.shape,
    ),
  ) as HostParams;
