import { hostTensor } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import { leaf } from '../params.ts';
import type { Prior } from './prior.ts';

/** N(m, diag s²) with learned m and s, which start at 0 and 1. */
export const learnedNormal = (): Prior => ({
  description: 'N(m, diag s²), learned',
  init: (_, latentDim) => ({
    loc: hostTensor(new Float32Array(latentDim), [latentDim]),
    logScale: hostTensor(new Float32Array(latentDim), [latentDim]),
  }),
  distribution: (params) => independent(normal({ loc: leaf(params, 'loc'), logScale: leaf(params, 'logScale') })),
});
