import {
  add,
  bernoulliEventLogProb,
  cast,
  evaluate,
  grad,
  hostTensor,
  input,
  key,
  matmul,
  mul,
  normalArray,
  relu,
  sizeOf,
  slice,
  sum,
  type Tensor,
  tanh,
} from '@reparam/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseLayout } from '../src/onnx/layout.ts';
import { simplify } from '../src/simplify.ts';
import { topologicalOrder } from '../src/tensor.ts';

interface Sizes {
  readonly batch: number;
  readonly pixels: number;
  readonly hidden: number;
  readonly features: number;
}

/** Loss, logits and gradients of a small autoencoder; every input with its value. */
function network({ batch, pixels, hidden, features }: Sizes) {
  const feeds = new Map<string, ReturnType<typeof hostTensor>>();
  const value = (name: string, shape: number[]): Tensor => {
    feeds.set(
      name,
      hostTensor(
        normalArray(key(feeds.size), sizeOf(shape)).map((z) => z / 2),
        shape,
      ),
    );
    return input(name, shape);
  };
  const bytes = Uint8Array.from({ length: batch * pixels }, (_, i) => Number(i % 3 === 0));
  feeds.set('x', hostTensor(bytes, [batch, pixels]));
  const x = cast(input('x', [batch, pixels], 'uint8'), 'float32');
  const params = {
    w1: value('w1', [hidden, pixels]),
    b1: value('b1', [hidden]),
    w2: value('w2', [features, hidden]),
    w3: value('w3', [pixels, features]),
    b3: value('b3', [pixels]),
  };
  const h = relu(matmul(x, params.w1, { transB: true, bias: params.b1 }));
  const z = tanh(mul(matmul(h, params.w2, { transB: true }), value('column', [batch, 1])));
  const logits = add(matmul(z, params.w3, { transB: true }), params.b3);
  const perRow = bernoulliEventLogProb(x, logits);
  const loss = add(sum(mul(perRow, value('weights', [batch]))), sum(slice(h, 1, 0, 1)));
  return { outputs: [loss, logits, perRow, ...Object.values(grad(loss, params))], feeds };
}

describe('choosing how matrices lie in memory', () => {
  it('changes no value', () => {
    const size = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(fc.record({ batch: size, pixels: size, hidden: size, features: size }), (sizes) => {
        const { outputs, feeds } = network(sizes);
        const plain = evaluate(outputs, feeds);
        const chosen = evaluate(chooseLayout(simplify(outputs)), feeds);
        plain.forEach(({ data, shape }, i) => {
          expect(chosen[i]!.shape).toEqual(shape);
          for (let j = 0; j < data.length; j++) expect(Number(chosen[i]!.data[j])).toBeCloseTo(Number(data[j]), 10);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('keeps wide activations feature-major, and pays with the bytes of the data only', () => {
    const { outputs } = network({ batch: 32, pixels: 196, hidden: 100, features: 64 });
    const nodes = topologicalOrder(chooseLayout(simplify(outputs)));
    const product = nodes.find((t) => t.op.name === 'matmul');
    expect(product?.shape).toEqual([100, 32]);
    const flipped = nodes.filter((t) => t.op.name === 'transpose').map((t) => t.inputs[0]!);
    expect(flipped.some((t) => t.dtype === 'uint8')).toBe(true);
    const floats = flipped.filter((t) => t.dtype === 'float32').map((t) => sizeOf(t.shape as number[]));
    expect(Math.max(0, ...floats)).toBeLessThanOrEqual(196 * 32);
  });
});
