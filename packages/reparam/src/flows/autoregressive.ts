import { add, div, exp, foldIn, logSigmoid, mul, neg, sigmoid, split, sub, sum, type Tensor } from '@reparam/tensor';
import { type ActivationName, type DimensionOrder, dimensionRanks, type MaskedMlp, maskedMlp } from '../nn/index.ts';
import { branch } from '../params.ts';
import { type AffineOptions, bounded, standardize } from './affine.ts';
import type { Flow, Sequential } from './flow.ts';
import { unroll } from './sequential.ts';

/** The net of an autoregressive flow. */
export interface AutoregressiveOptions {
  /** Sizes of the hidden layers. */
  readonly hidden: readonly number[];
  readonly activation?: ActivationName;
  /** The order of the dimensions; stacks turn it from layer to layer. */
  readonly order?: DimensionOrder;
}

/** Options of a masked autoregressive flow. */
export interface MaskedAutoregressiveOptions extends AutoregressiveOptions, AffineOptions {}

/**
 * Gaussian masked autoregressive flow: z_i = (x_i − μ_i(x_<i)) / s_i(x_<i), all at once by a masked net (Papamakarios et al. 2017).
 * The inverse goes dimension by dimension: `dim` passes of the net.
 */
export const maskedAutoregressive = ({ logScaleBound, ...options }: MaskedAutoregressiveOptions): Flow =>
  autoregressive('masked autoregressive', options, {
    forward: (x, loc, raw) => standardize(x, loc, bounded(raw, { logScaleBound })),
    undo: (z, loc, raw) => add(loc, mul(z, exp(bounded(raw, { logScaleBound })))),
  });

/**
 * Inverse autoregressive flow in its stable form: z_i = σ(s_i) ε_i + (1 − σ(s_i)) m_i, m and s functions of ε_<i and the features
 * (Kingma et al. 2016). `forward` goes from noise to code, in one pass; the gate starts at σ(2).
 */
export const inverseAutoregressive = (options: AutoregressiveOptions): Flow => {
  const gate = (raw: Tensor) => add(raw, 2);
  return autoregressive('inverse autoregressive', options, {
    forward: (x, m, raw) => ({
      value: add(m, mul(sigmoid(gate(raw)), sub(x, m))),
      logDet: sum(logSigmoid(gate(raw)), { axes: -1 }),
    }),
    undo: (z, m, raw) => add(m, div(sub(z, m), sigmoid(gate(raw)))),
  });
};

interface Rule {
  forward(x: Tensor, loc: Tensor, raw: Tensor): ReturnType<Flow['forward']>;
  /** x from z, given what the net made of x itself. */
  undo(z: Tensor, loc: Tensor, raw: Tensor): Tensor;
}

function autoregressive(
  name: string,
  { hidden, activation = 'relu', order = 'natural' }: AutoregressiveOptions,
  rule: Rule,
): Flow {
  const net: MaskedMlp = maskedMlp({ hidden, activation, order, outputsPerDim: 2 });
  const numbers = (...[params, x, context, features]: Parameters<Flow['forward']>) => {
    const dim = x.shape.at(-1) as number;
    const both = net.apply(branch(params, 'net'), x, context.child('net'), features);
    return split(both, -1, [dim, dim]) as [Tensor, Tensor];
  };
  const forward: Flow['forward'] = (...args) => rule.forward(args[1], ...numbers(...args));
  const sequential: Sequential = {
    ranks: (dim) => dimensionRanks(order, dim),
    step: (params, guess, target, context, features) => rule.undo(target, ...numbers(params, guess, context, features)),
  };
  return {
    description: `${name}, ${hidden.join('-') || 'linear'} ${activation}`,
    init: (key, dim, { features } = {}) => ({ net: net.init(foldIn(key, 'net'), dim, features) }),
    forward,
    inverse(params, z, context, features) {
      const x = unroll(sequential, params, z, context, features);
      return { value: x, logDet: neg(forward(params, x, context, features).logDet) };
    },
    sequential,
  };
}
