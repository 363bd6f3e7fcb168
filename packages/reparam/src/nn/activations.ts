import {
  add,
  erf,
  expm1,
  greater,
  maximum,
  minimum,
  mul,
  relu,
  sigmoid,
  softplus,
  type Tensor,
  tanh,
  where,
} from '@reparam/tensor';
import { type Module, pointwise } from './module.ts';

/** x Φ(x), exact (Hendrycks and Gimpel 2016). */
export const gelu = (x: Tensor): Tensor => mul(mul(x, 0.5), add(erf(mul(x, Math.SQRT1_2)), 1));
/** x σ(x). */
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x));
/** x for x > 0, eˣ − 1 below (Clevert et al. 2016). */
export const elu = (x: Tensor): Tensor => where(greater(x, 0), x, expm1(minimum(x, 0)));
/** x for x > 0, x/100 below. */
export const leakyRelu = (x: Tensor): Tensor => maximum(x, mul(x, 0.01));
/** x. */
export const identity = (x: Tensor): Tensor => x;

/** Every activation function by name. */
export const activations = { relu, tanh, gelu, silu, softplus, elu, sigmoid, leakyRelu, identity } as const;
/** Name of an activation function. */
export type ActivationName = keyof typeof activations;

/** An activation function, by name, as a module. */
export const activation = (name: ActivationName): Module => pointwise(name, activations[name]);
