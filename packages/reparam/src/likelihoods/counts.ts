import type { Tensor } from '@reparam/tensor';
import { independent, negativeBinomial, poisson, zeroInflatedNegativeBinomial } from '../distributions/index.ts';
import { type DispersionOptions, dispersionOf } from './dispersion.ts';
import type { Likelihood } from './likelihood.ts';
import { parametersOf } from './outputs.ts';

/** Logarithms of the means; a count never seen still needs a finite one. */
const logMeans = (dataMean: Float64Array): Float64Array => dataMean.map((mean) => Math.log(Math.max(mean, 1e-3)));

/** Poisson counts; the decoder gives the logarithms of their rates. Its variance is its mean: real counts mostly vary more. */
export const poissonLikelihood = (): Likelihood => ({
  description: 'Poisson',
  support: 'count',
  outputsPerValue: 1,
  init: () => ({}),
  initialBias: (dataMean) => Float32Array.from(logMeans(dataMean)),
  distribution: (_, output) => independent(poisson({ logRate: output })),
});

/** Negative binomial counts; the decoder gives the logarithms of their means. For counts that vary more than Poisson ones. */
export function negativeBinomialLikelihood(options: DispersionOptions = {}): Likelihood {
  const dispersion = dispersionOf(options);
  const outputs = 1 + dispersion.outputs;
  return {
    description: `negative binomial, ${dispersion.description}`,
    support: 'count',
    outputsPerValue: outputs,
    init: dispersion.init,
    initialBias(dataMean) {
      const starts = dispersion.outputs ? dataMean.map(() => dispersion.initialLog) : [];
      return Float32Array.from([...logMeans(dataMean), ...starts]);
    },
    distribution(params, output) {
      const [logMean, own] = parametersOf(output, outputs) as [Tensor, Tensor?];
      return independent(negativeBinomial({ logMean, logDispersion: dispersion.logDispersion(params, own) }));
    },
  };
}

const initialZeroLogit = -3;

/**
 * Negative binomial counts with zeros of another origin (Lopez et al. 2018); the decoder gives the logarithms of the means and the
 * logits of those zeros. For counts with more zeros than their other values explain.
 */
export function zeroInflatedNegativeBinomialLikelihood(options: DispersionOptions = {}): Likelihood {
  const dispersion = dispersionOf(options);
  const outputs = 2 + dispersion.outputs;
  return {
    description: `zero-inflated negative binomial, ${dispersion.description}`,
    support: 'count',
    outputsPerValue: outputs,
    init: dispersion.init,
    initialBias(dataMean) {
      // The mean of all counts is that of the negative binomial times 1 − σ(l).
      const raise = Math.log1p(Math.exp(initialZeroLogit));
      const starts = dispersion.outputs ? dataMean.map(() => dispersion.initialLog) : [];
      const zeros = dataMean.map(() => initialZeroLogit);
      return Float32Array.from([...logMeans(dataMean).map((log) => log + raise), ...zeros, ...starts]);
    },
    distribution(params, output) {
      const [logMean, zeroLogits, own] = parametersOf(output, outputs) as [Tensor, Tensor, Tensor?];
      const logDispersion = dispersion.logDispersion(params, own);
      return independent(zeroInflatedNegativeBinomial({ logMean, logDispersion, zeroLogits }));
    },
  };
}
