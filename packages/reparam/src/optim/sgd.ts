import { add, mul, sub, type Tensor } from '@reparam/tensor';
import type { HostParams, SymbolicParams } from '../params.ts';
import type { Optimizer } from './optimizer.ts';
import { pack, packedZeros, unpack } from './pack.ts';

/** Gradient descent: p ← p − lr · u, with u ← momentum · u + g (u = g without momentum; Nesterov's form on request). */
export function sgd({ momentum = 0, nesterov = false }: { momentum?: number; nesterov?: boolean } = {}): Optimizer {
  return {
    description: momentum ? `sgd (momentum ${momentum}${nesterov ? ', nesterov' : ''})` : 'sgd',
    init: (params): HostParams => (momentum ? { velocity: packedZeros(params) } : {}),
    update(gradients, state, params, { scalar }) {
      const learningRate = scalar('learningRate', (lr) => lr);
      const g = pack(gradients);
      const p = pack(params);
      const velocity: Record<string, Tensor> = {};
      const next: Record<string, Tensor> = {};
      for (const key of Object.keys(g)) {
        let direction = g[key]!;
        if (momentum) {
          velocity[key] = add(mul((state.velocity as Record<string, Tensor>)[key]!, momentum), direction);
          direction = nesterov ? add(direction, mul(velocity[key], momentum)) : velocity[key];
        }
        next[key] = sub(p[key]!, mul(direction, learningRate));
      }
      const moved: SymbolicParams = momentum ? { velocity } : {};
      return { params: unpack(next, params), state: moved };
    },
  };
}
