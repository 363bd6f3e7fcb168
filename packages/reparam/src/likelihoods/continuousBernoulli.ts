import { continuousBernoulli, independent } from '../distributions/index.ts';
import type { Likelihood } from './likelihood.ts';
import { insideUnit, solveIncreasing } from './outputs.ts';

/** ½ coth(l/2) − 1/l + ½. */
const meanAt = (l: number): number => (Math.abs(l) < 1e-3 ? 0.5 + l / 12 : 0.5 / Math.tanh(l / 2) - 1 / l + 0.5);

/** Continuous Bernoulli values; the decoder gives logits. A density on [0, 1]: for grey values that are no counts of anything. */
export const continuousBernoulliLikelihood = (): Likelihood => ({
  description: 'continuous Bernoulli',
  support: 'unit',
  outputsPerValue: 1,
  init: () => ({}),
  initialBias: (dataMean) =>
    // A mean of 0.01 already takes a logit of −100.
    Float32Array.from(insideUnit(dataMean, 0.01), (mean) => solveIncreasing(meanAt, mean, -120, 120)),
  distribution: (_, output) => independent(continuousBernoulli({ logits: output })),
});
