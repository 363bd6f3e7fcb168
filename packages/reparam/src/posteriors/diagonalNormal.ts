import { foldIn, type HostTensor, split } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import { type LinearOptions, linear } from '../nn/index.ts';
import type { HostParams } from '../params.ts';
import type { Posterior } from './posterior.ts';

/**
 * N(μ(x), diag σ²(x)): one product gives μ (its first `latentDim` outputs) and log σ² (the others). Both halves start as
 * layers of their own would.
 */
export function diagonalNormal(options: LinearOptions = {}): Posterior {
  return {
    description: 'N(μ(x), diag σ²(x))',
    init: (key, features, latentDim) => {
      const half = (name: string) => linear(latentDim, options).init(foldIn(key, name), [features]);
      return stackRows(half('loc'), half('logVariance'));
    },
    distribution(params, features, latentDim, context) {
      const both = linear(2 * latentDim, options).apply(params, features, context);
      const [loc, logVariance] = split(both, -1, [latentDim, latentDim]);
      return independent(normal({ loc: loc!, logVariance: logVariance! }));
    },
  };
}

/** One layer with the outputs of `a`, then those of `b`. */
function stackRows(a: HostParams, b: HostParams): HostParams {
  const join = (first: HostTensor, second: HostTensor): HostTensor => ({
    dtype: 'float32',
    shape: [first.shape[0]! + second.shape[0]!, ...first.shape.slice(1)],
    data: concatenate(first.data as Float32Array, second.data as Float32Array),
  });
  return Object.fromEntries(Object.keys(a).map((name) => [name, join(a[name] as HostTensor, b[name] as HostTensor)]));
}

function concatenate(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
