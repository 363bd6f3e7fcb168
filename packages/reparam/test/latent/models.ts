import { foldIn, type HostTensor, key, mapTree, normalArray } from '@reparam/tensor';
import { type HostParams, type LatentModel, mlp, type VaeOptions, vae } from 'reparam';

/** A small VAE for the digits (8 × 8) whose biases are not zero, so that every parameter matters. */
export function smallModel(options: Partial<VaeOptions> = {}): { model: LatentModel; params: HostParams } {
  const hidden = () => mlp([24], { activation: 'tanh' });
  const model = vae({ dataShape: [8, 8], latentDim: 5, encoder: hidden(), decoder: hidden(), ...options });
  const params = mapTree<HostParams, HostTensor, HostTensor>(model.init(key(3)), (value, path) => {
    const noise = normalArray(foldIn(key(4), path), value.data.length);
    return { ...value, data: Float32Array.from(value.data as Float32Array, (v, i) => v + 0.3 * noise[i]!) };
  }) as HostParams;
  return { model, params };
}

/** Largest absolute difference of two arrays of numbers. */
export function largestGap(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): number {
  if (a.length !== b.length || a.length === 0) return Number.POSITIVE_INFINITY;
  let gap = 0;
  for (let i = 0; i < a.length; i++) gap = Math.max(gap, Math.abs(Number(a[i]) - Number(b[i])));
  return gap;
}
