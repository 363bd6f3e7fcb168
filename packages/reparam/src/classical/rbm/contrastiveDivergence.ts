import { cast, less, mul, stopGradient, sub, sum, type Tensor } from '@reparam/tensor';
import type { SymbolicParams } from '../../params.ts';
import { freeEnergy, hiddenProbs, visibleProbs } from './rbm.ts';

/** Uniform noise on (0, 1) of `shape`, for a site of its own. */
export type DrawUniform = (site: string, shape: Tensor['shape']) => Tensor;

/** Ones with probability `probs`, else zeros, as float32; no gradient passes. */
export const drawBits = (probs: Tensor, uniform: Tensor): Tensor => stopGradient(cast(less(uniform, probs), 'float32'));

/** One sweep of block Gibbs sampling: h ~ p(h given v), then v ~ p(v given h); also the means of that v. */
export function gibbsSweep(
  params: SymbolicParams,
  v: Tensor,
  draw: DrawUniform,
  name: string,
): { v: Tensor; probs: Tensor } {
  const onHidden = hiddenProbs(params, v);
  const h = drawBits(onHidden, draw(`${name}/hidden`, onHidden.shape));
  const probs = visibleProbs(params, h);
  return { v: drawBits(probs, draw(`${name}/visible`, probs.shape)), probs };
}

/**
 * The loss of contrastive divergence CD-k (Hinton 2002): Σ_b w_b (F(v0_b) − F(v_k,b)) with v_k the end of a chain of k
 * Gibbs sweeps from the data, held fixed. Its gradient is the CD-k update; its value is no measure of fit.
 */
export function contrastiveDivergence(
  params: SymbolicParams,
  v0: Tensor,
  weights: Tensor,
  sweeps: number,
  draw: DrawUniform,
): { loss: Tensor; reconstructionError: Tensor } {
  let v = v0;
  let first: Tensor | undefined;
  for (let k = 0; k < sweeps; k++) {
    const next = gibbsSweep(params, v, draw, `cd/${k}`);
    first ??= next.probs;
    v = next.v;
  }
  const perRow = sub(freeEnergy(params, v0), freeEnergy(params, v));
  const residual = sub(v0, first!);
  return {
    loss: sum(mul(perRow, weights)),
    reconstructionError: sum(mul(sum(mul(residual, residual), { axes: -1 }), weights)),
  };
}
