import {
  add,
  foldIn,
  type HostTensor,
  hostTensor,
  type Key,
  matmul,
  mul,
  neg,
  normalArray,
  ReparamError,
  sigmoid,
  softplus,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { leaf, type ParamTree, type SymbolicParams } from '../../params.ts';

/** Parameters of a restricted Boltzmann machine: `weight` [hidden, visible], `visibleBias`, `hiddenBias`. */
export type RbmParams = ParamTree<HostTensor>;

/**
 * Starting parameters: weights N(0, 0.01²), visible biases at the logits of the data's mean (Hinton, "A practical guide to
 * training restricted Boltzmann machines", 2012). Throws `config` unless `hidden` is a positive whole number.
 */
export function initRbm(key: Key, visible: number, hidden: number, dataMean?: Float64Array): RbmParams {
  if (!(Number.isInteger(hidden) && hidden > 0)) {
    throw new ReparamError('config', 'hidden units', { got: `${hidden}`, expected: 'a positive whole number' });
  }
  const weight = normalArray(foldIn(key, 'weight'), hidden * visible).map((value) => 0.01 * value);
  const bias = Float32Array.from({ length: visible }, (_, i) => {
    const p = Math.min(Math.max(dataMean?.[i] ?? 0.5, 0.01), 0.99);
    return Math.log(p / (1 - p));
  });
  return {
    weight: hostTensor(weight, [hidden, visible]),
    visibleBias: hostTensor(bias, [visible]),
    hiddenBias: hostTensor(new Float32Array(hidden), [hidden]),
  };
}

/** c + W v of each hidden unit, [B, hidden] from v [B, visible]. */
const hiddenInput = (params: SymbolicParams, v: Tensor): Tensor =>
  matmul(v, leaf(params, 'weight'), { transB: true, bias: leaf(params, 'hiddenBias') });

/** F(v) = −b·v − Σ_j softplus(c_j + W_j v), so that p(v) = exp(−F(v)) / Z; [B] from v [B, visible], nats. */
export const freeEnergy = (params: SymbolicParams, v: Tensor): Tensor =>
  neg(add(sum(mul(v, leaf(params, 'visibleBias')), { axes: -1 }), sum(softplus(hiddenInput(params, v)), { axes: -1 })));

/** p(h_j = 1 given v), [B, hidden]. */
export const hiddenProbs = (params: SymbolicParams, v: Tensor): Tensor => sigmoid(hiddenInput(params, v));

/** p(v_i = 1 given h), [B, visible]. */
export const visibleProbs = (params: SymbolicParams, h: Tensor): Tensor =>
  sigmoid(matmul(h, leaf(params, 'weight'), { bias: leaf(params, 'visibleBias') }));
