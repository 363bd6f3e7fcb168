import { hostTensor } from '@reparam/tensor';
import { leaf } from '../params.ts';
import { standardize, unstandardize } from './affine.ts';
import type { Flow } from './flow.ts';

/**
 * Activation normalisation: (x − μ) / s with learned μ and s for each dimension (Kingma and Dhariwal 2018). Given `rows`,
 * `init` sets them to the mean and standard deviation of those rows, so that what leaves has mean 0 and variance 1;
 * without rows, or in a dimension that does not vary, it starts as the identity.
 */
export const actNorm = (): Flow => ({
  description: 'activation normalisation',
  startsFromRows: true,
  init(_, dim, { rows } = {}) {
    const loc = new Float32Array(dim);
    const logScale = new Float32Array(dim);
    const count = (rows?.length ?? 0) / dim;
    for (let j = 0; rows && j < dim; j++) {
      let mean = 0;
      for (let i = j; i < rows.length; i += dim) mean += rows[i]! / count;
      let variance = 0;
      for (let i = j; i < rows.length; i += dim) variance += (rows[i]! - mean) ** 2 / count;
      // Rounding alone makes constants vary by 1e-16 of themselves.
      if (!(variance > 1e-12 * Math.max(1, mean ** 2))) continue;
      loc[j] = mean;
      logScale[j] = 0.5 * Math.log(variance);
    }
    return { loc: hostTensor(loc, [dim]), logScale: hostTensor(logScale, [dim]) };
  },
  forward: (params, x) => standardize(x, leaf(params, 'loc'), leaf(params, 'logScale')),
  inverse: (params, z) => unstandardize(z, leaf(params, 'loc'), leaf(params, 'logScale')),
});
