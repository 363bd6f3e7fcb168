import { maximum, ReparamError, slice, type Tensor } from '@reparam/tensor';
import { discretizedLogistic, discretizedLogisticMixture, independent } from '../distributions/index.ts';
import type { Likelihood } from './likelihood.ts';
import { insideUnit, parameterRows, parametersOf, solveIncreasing } from './outputs.ts';

/** Options of the discretised logistic likelihood. */
export interface DiscretizedLogisticOptions {
  /** Components of the mixture for each value; default 1. */
  readonly components?: number;
  /** Log-scales below this count as this; −7, a quarter of a byte, unless stated. */
  readonly minLogScale?: number;
}

const initialLogScale = -2;
const scale = Math.exp(initialLogScale);
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
/** Mean of a logistic of the initial scale whose mass beyond 0 and 1 is put there. */
const meanAt = (loc: number): number => scale * (softplus(loc / scale) - softplus((loc - 1) / scale));

/**
 * Logistic values rounded to bytes, or a mixture of them (Salimans et al. 2017): ordered, so neighbouring bytes share what is
 * learned. The decoder gives centres and log-scales, and weights of the components where there are several.
 */
export function discretizedLogisticLikelihood(options: DiscretizedLogisticOptions = {}): Likelihood {
  const { components = 1, minLogScale = -7 } = options;
  if (!Number.isInteger(components) || components < 1) {
    throw new ReparamError('config', 'components of a discretised logistic likelihood', {
      got: String(components),
      expected: 'a positive whole number',
    });
  }
  // Components start apart, so that they can become different.
  const offsets = Array.from({ length: components }, (_, k) => (k - (components - 1) / 2) * scale);
  const mixtureMean = (loc: number) => offsets.reduce((total, by) => total + meanAt(loc + by), 0) / components;
  const bounded = (logScale: Tensor) => maximum(logScale, minLogScale);
  return {
    description: components === 1 ? 'discretised logistic' : `mixture of ${components} discretised logistics`,
    support: 'byte',
    outputsPerValue: components === 1 ? 2 : 3 * components,
    init: () => ({}),
    initialBias(dataMean) {
      const reach = 2 + components * scale;
      const locs = insideUnit(dataMean, 0.01).map((mean) => solveIncreasing(mixtureMean, mean, -reach, 1 + reach));
      const weights = components === 1 ? [] : new Array<number>(components * locs.length).fill(0);
      const centres = offsets.flatMap((by) => Array.from(locs, (loc) => loc + by));
      return Float32Array.from([...weights, ...centres, ...centres.map(() => initialLogScale)]);
    },
    distribution(_, output) {
      if (components === 1) {
        const [loc, logScale] = parametersOf(output, 2) as [Tensor, Tensor];
        return independent(discretizedLogistic({ loc, logScale: bounded(logScale) }));
      }
      const rows = parameterRows(output, 3 * components);
      const [logits, loc, logScale] = [0, 1, 2].map((i) => slice(rows, -2, i * components, (i + 1) * components)) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      return independent(discretizedLogisticMixture({ logits, loc, logScale: bounded(logScale) }));
    },
  };
}
