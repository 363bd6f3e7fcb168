import { bernoulli, independent } from '../distributions/index.ts';
import type { Likelihood } from './likelihood.ts';

/** Bernoulli pixels; the decoder gives logits. For binary data. */
export const bernoulliLikelihood = (): Likelihood => ({
  description: 'Bernoulli',
  support: 'binary',
  outputsPerValue: 1,
  init: () => ({}),
  initialBias: (dataMean) =>
    Float32Array.from(dataMean, (p) => {
      // A pixel never seen on still needs a finite logit.
      const inside = Math.min(Math.max(p, 1e-3), 1 - 1e-3);
      return Math.log(inside / (1 - inside));
    }),
  distribution: (_, output) => independent(bernoulli({ logits: output })),
});
