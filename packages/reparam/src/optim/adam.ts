import { add, div, mul, sqrt, square, sub, type Tensor } from '@reparam/tensor';
import type { SymbolicParams } from '../params.ts';
import type { Optimizer } from './optimizer.ts';
import { pack, packedZeros, unpack } from './pack.ts';

/** Options of Adam; defaults 0.9, 0.999 and 1e-8. */
export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/** Options of Adam with decoupled weight decay; default decay 0.01. */
export interface AdamWOptions extends AdamOptions {
  /** Share of every parameter taken off per step, times the learning rate. */
  readonly weightDecay?: number;
}

/**
 * Adam (Kingma and Ba 2015): p ← p − lr · m̂ / (√v̂ + ε).
 *
 * The moments are kept scaled, m̃ = m/(1−β₁) and ṽ = v/(1−β₂), and the bias corrections go into two scalars:
 * m̃ ← β₁ m̃ + g, ṽ ← β₂ ṽ + g², p ← p − a · m̃ / (√ṽ + ε′): the same numbers in half the passes over memory.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamw({ ...options, weightDecay: 0 });
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
export function adamw({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
  weightDecay = 0.01,
}: AdamWOptions = {}): Optimizer {
  // √v̂ = √ṽ · s with s = √((1 − β₂)/(1 − β₂ᵗ)).
  const secondScale = (t: number) => Math.sqrt((1 - beta2) / (1 - beta2 ** t));
  const name = weightDecay ? `adamw (weight decay ${weightDecay}` : 'adam (';
  return {
    description: `${name}${weightDecay ? ', ' : ''}β₁ ${beta1}, β₂ ${beta2}, ε ${epsilon})`,
    init: (params) => ({ firstMoment: packedZeros(params), secondMoment: packedZeros(params) }),
    update(gradients, state, params, { scalar }) {
      const stepSize = scalar('adam.stepSize', (lr, { step }) => {
        const t = step + 1;
        return (lr * (1 - beta1)) / (1 - beta1 ** t) / secondScale(t);
      });
      const floor = scalar('adam.epsilon', (_, { step }) => epsilon / secondScale(step + 1));
      const shrink = weightDecay ? scalar('adam.shrink', (lr) => 1 - lr * weightDecay) : undefined;
      const g = pack(gradients);
      const p = pack(params);
      const m: Record<string, Tensor> = {};
      const v: Record<string, Tensor> = {};
      const next: Record<string, Tensor> = {};
      for (const key of Object.keys(g)) {
        m[key] = add(mul(leafOf(state, 'firstMoment', key), beta1), g[key]!);
        v[key] = add(mul(leafOf(state, 'secondMoment', key), beta2), square(g[key]!));
        const kept = shrink ? mul(p[key]!, shrink) : p[key]!;
        next[key] = sub(kept, div(mul(m[key], stepSize), add(sqrt(v[key]), floor)));
      }
      return { params: unpack(next, params), state: { firstMoment: m, secondMoment: v } };
    },
  };
}

const leafOf = (state: SymbolicParams, moment: string, key: string): Tensor =>
  (state[moment] as Record<string, Tensor>)[key]!;
