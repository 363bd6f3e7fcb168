import {
  add,
  constant,
  div,
  floor,
  log,
  maximum,
  minimum,
  mul,
  ReparamError,
  sigmoid,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import type { Support } from '../likelihoods/index.ts';

/** How the values of an example become the real numbers that a flow is a density of, for rows [n, D]. */
export interface Treatment {
  readonly description: string;
  readonly support: Support;
  /** Whether `forward` needs uniform noise [n, D]. */
  readonly isNoisy: boolean;
  /** v from x, and log of the probability (or density) of x beside the density of v: log p(x) = log p(v) + logDet. [n] or []. */
  forward(x: Tensor, noise: Tensor): { readonly value: Tensor; readonly logDet: Tensor };
  /** x from v. */
  inverse(v: Tensor): Tensor;
  /** log p in further units, from log p(v) [n] and the two of `forward`. */
  figures(logDensity: Tensor, logDet: Tensor, dataSize: number): Readonly<Record<string, Tensor>>;
}

/** Values as they are: densities in the model's units. */
export const realValues = (): Treatment => ({
  description: 'values as they are',
  support: 'real',
  isNoisy: false,
  forward: (x) => ({ value: x, logDet: constant(0) }),
  inverse: (v) => v,
  figures: () => ({}),
});

/** Options of `dequantizedLogits`. */
export interface DequantizedLogitsOptions {
  /** Values a pixel can have, evenly spaced from 0 to 1; default 256. */
  readonly levels?: number;
  /** Keeps logits finite: the logit is taken of α + (1 − 2α) y; default 1e-6. */
  readonly alpha?: number;
}

/**
 * Pixels of `levels` steps as real numbers (Papamakarios et al. 2017): with k = 0 … levels − 1 the pixel's step and u uniform,
 * y = (k + u) / levels and v = logit(α + (1 − 2α) y). The expectation over u of log p(v) + log abs det dv/dy − D log levels is a lower bound
 * on the log-probability of the pixels. In the other direction y is cut down to its step.
 */
export function dequantizedLogits({ levels = 256, alpha = 1e-6 }: DequantizedLogitsOptions = {}): Treatment {
  if (!Number.isInteger(levels) || levels < 2 || !(alpha > 0 && alpha < 0.5)) {
    throw new ReparamError('config', 'dequantisation', {
      got: `levels ${levels}, alpha ${alpha}`,
      expected: 'at least 2 levels, and alpha between 0 and 0.5',
    });
  }
  const inside = 1 - 2 * alpha;
  // Measured from either end, so that neither logarithm loses digits near its end.
  const share = (distance: Tensor) => add(mul(distance, inside / levels), alpha);
  return {
    description: `dequantised (${levels} levels), logit with α = ${alpha}`,
    support: levels === 256 ? 'byte' : 'unit',
    isNoisy: true,
    forward(x, noise) {
      const step = floor(add(mul(x, levels - 1), 0.5));
      const low = log(share(add(step, noise)));
      const high = log(share(add(sub(levels - 1, step), sub(1, noise))));
      // dv/dy = (1 − 2α) / (s (1 − s)), and a pixel has 1/levels of the unit interval.
      const perPixel = Math.log(inside / levels);
      return { value: sub(low, high), logDet: sum(sub(perPixel, add(low, high)), { axes: -1 }) };
    },
    inverse(v) {
      const y = div(sub(sigmoid(v), alpha), inside);
      return div(minimum(maximum(floor(mul(y, levels)), 0), levels - 1), levels - 1);
    },
    figures(logDensity, logDet, dataSize) {
      const total = add(logDensity, logDet);
      return {
        logitLogLikelihood: logDensity,
        unitLogLikelihood: add(total, dataSize * Math.log(levels)),
      };
    },
  };
}
