import { foldIn, hostTensor, normalArray } from '@reparam/tensor';
import { independent, mixture, normal } from '../distributions/index.ts';
import { leaf } from '../params.ts';
import { needCount } from './needCount.ts';
import type { Prior } from './prior.ts';

/**
 * Σ_k w_k N(m_k, diag s_k²), all learned: equal weights, means drawn from N(0, I) and scales 1 at the start. Its KL is
 * sampled.
 */
export function mixtureOfNormals({ components = 10 }: { readonly components?: number } = {}): Prior {
  needCount('components of the prior', components);
  return {
    description: `mixture of ${components} normals, learned`,
    init: (key, latentDim) => ({
      logits: hostTensor(new Float32Array(components), [components]),
      loc: hostTensor(normalArray(foldIn(key, 'loc'), components * latentDim), [components, latentDim]),
      logScale: hostTensor(new Float32Array(components * latentDim), [components, latentDim]),
    }),
    distribution: (params) =>
      mixture({
        logits: leaf(params, 'logits'),
        components: independent(normal({ loc: leaf(params, 'loc'), logScale: leaf(params, 'logScale') })),
      }),
  };
}
