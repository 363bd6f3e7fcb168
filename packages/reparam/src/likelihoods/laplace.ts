import { independent, laplace } from '../distributions/index.ts';
import type { Likelihood } from './likelihood.ts';
import { type ScaleOptions, scaleOf } from './scale.ts';

/** Laplace values; the decoder gives their centres. Forgives single far-off values, which a Gaussian does not. */
export function laplaceLikelihood(options: ScaleOptions = {}): Likelihood {
  const scale = scaleOf('Laplace', 'b', options);
  return {
    description: scale.description,
    support: 'real',
    outputsPerValue: 1,
    init: scale.init,
    initialBias: (dataMean) => Float32Array.from(dataMean),
    distribution: (params, output) => independent(laplace({ loc: output, ...scale.parameter(params) })),
  };
}
