import { exp, hostTensor, type Tensor } from '@reparam/tensor';
import { independent, type Likelihood } from 'reparam';
import { StudentT } from './studentT.ts';

/** Student's t values of `dof` degrees of freedom with one learned scale: far-off values cost only their logarithm. */
export const studentTLikelihood = ({ dof = 4 }: { readonly dof?: number } = {}): Likelihood => ({
  description: `Student t, ν = ${dof}, learned scale (shared)`,
  support: 'real',
  outputsPerValue: 1,
  init: () => ({ logScale: hostTensor(Float32Array.of(Math.log(0.5)), []) }),
  initialBias: (dataMean) => Float32Array.from(dataMean),
  distribution: (params, output) =>
    independent(new StudentT({ loc: output, scale: exp(params.logScale as Tensor), dof })),
});
