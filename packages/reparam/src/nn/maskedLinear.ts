import { constant, foldIn, type HostTensor, matmul, mul, ReparamError } from '@reparam/tensor';
import { leaf } from '../params.ts';
import { glorotUniform, zeros } from './initializers.ts';
import type { LinearOptions } from './linear.ts';
import type { Module } from './module.ts';

/**
 * x (W ∘ M)ᵀ + b: [..., in] to [..., out] with the constant `mask` M [out, in] of zeros and ones, so that output o sees input i
 * only where M_oi is 1 (Germain et al. 2015). For matrices.
 */
export function maskedLinear(
  mask: HostTensor,
  { initializer = glorotUniform, biasInitializer = zeros }: LinearOptions = {},
): Module {
  const [outputs, inputs] = mask.shape as [number, number];
  const seen = (mask.data as Float32Array).reduce((a, b) => a + b, 0);
  return {
    describe: () => `masked linear ${inputs} → ${outputs}`,
    outputShape(inputShape) {
      if (inputShape.length === 1 && inputShape[0] === inputs) return [outputs];
      throw new ReparamError('shape', 'masked linear layer', {
        got: `events of shape [${inputShape.join(', ')}]`,
        expected: `[${inputs}], the columns of the mask`,
      });
    },
    init(key) {
      // What an output does not see is not part of its fan.
      const fan = { fanIn: Math.max(1, seen / outputs), fanOut: Math.max(1, seen / inputs) };
      return {
        weight: initializer(foldIn(key, 'weight'), [outputs, inputs], fan),
        bias: biasInitializer(foldIn(key, 'bias'), [outputs], fan),
      };
    },
    apply: (params, x) =>
      matmul(x, mul(leaf(params, 'weight'), constant(mask)), { transB: true, bias: leaf(params, 'bias') }),
  };
}
