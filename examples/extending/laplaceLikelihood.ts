import { exp, hostTensor, type Tensor } from '@reparam/tensor';
import { independent, type Likelihood } from 'reparam';
import { Laplace } from './laplace.ts';

/** Laplace values with one learned scale; the decoder gives their centres. Forgives single far-off values. */
export const laplaceLikelihood = (): Likelihood => ({
  description: 'Laplace, learned scale (shared)',
  support: 'real',
  outputsPerValue: 1,
  init: () => ({ logScale: hostTensor(Float32Array.of(Math.log(0.5)), []) }),
  initialBias: (dataMean) => Float32Array.from(dataMean),
  distribution: (params, output) => independent(new Laplace({ loc: output, scale: exp(params.logScale as Tensor) })),
});
