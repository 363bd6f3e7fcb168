import { add, div, flatten, mapTree, maximum, mul, sqrt, square, sum, type Tensor } from '@reparam/tensor';
import type { SymbolicParams } from '../params.ts';
import type { Optimizer } from './optimizer.ts';

/** √ Σ g² over all leaves. */
export const globalNorm = (gradients: SymbolicParams): Tensor =>
  sqrt(
    flatten<Tensor>(gradients)
      .map(([, g]) => sum(square(g)))
      .reduce((a, b) => add(a, b)),
  );

/** `optimizer`, with gradients first scaled down to a global norm of at most `maxNorm` (Pascanu et al. 2013). */
export function clipByGlobalNorm(maxNorm: number, optimizer: Optimizer): Optimizer {
  return {
    description: `${optimizer.description}, global norm clipped at ${maxNorm}`,
    init: optimizer.init,
    update(gradients, state, params, scalars) {
      const scale = div(maxNorm, maximum(globalNorm(gradients), maxNorm));
      const clipped = mapTree<SymbolicParams, Tensor, Tensor>(gradients, (g) => mul(g, scale)) as SymbolicParams;
      return optimizer.update(clipped, state, params, scalars);
    },
  };
}
