import { independent, normal } from '../distributions/index.ts';
import type { Likelihood } from './likelihood.ts';
import { type ScaleOptions, scaleOf } from './scale.ts';

/** Options of the Gaussian likelihood: its standard deviation. */
export type GaussianOptions = ScaleOptions;

/**
 * Normal values; the decoder gives their means. A learned scale is a parameter like any other: at evaluation it is
 * the trained value, never refitted. Full covariance is not offered.
 */
export function gaussianLikelihood(options: GaussianOptions = {}): Likelihood {
  const scale = scaleOf('Gaussian', 'σ', options);
  return {
    description: scale.description,
    support: 'real',
    outputsPerValue: 1,
    init: scale.init,
    initialBias: (dataMean) => Float32Array.from(dataMean),
    distribution: (params, output) => independent(normal({ loc: output, ...scale.parameter(params) })),
  };
}
