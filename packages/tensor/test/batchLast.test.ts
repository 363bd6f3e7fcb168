import {
  abs,
  add,
  avgPool2d,
  bernoulliEventLogProb,
  broadcastTo,
  cast,
  concat,
  conv2d,
  convTranspose2d,
  evaluate,
  exp,
  grad,
  hostTensor,
  input,
  key,
  matmul,
  maxPool2d,
  mean,
  mul,
  normalArray,
  pad,
  relu,
  reshape,
  sizeOf,
  slice,
  split,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@reparam/tensor';
import { describe, expect, test } from 'vitest';
import { chooseLayout } from '../src/onnx/layout.ts';
import { simplify } from '../src/simplify.ts';
import { topologicalOrder } from '../src/tensor.ts';

const batch = 16;
type Value = (name: string, shape: number[]) => Tensor;

/** Results and gradients of a network as written and as laid out. */
function compare(network: (value: Value) => { loss: Tensor; params: Record<string, Tensor>; others?: Tensor[] }) {
  const feeds = new Map<string, ReturnType<typeof hostTensor>>();
  const {
    loss,
    params,
    others = [],
  } = network((name, shape) => {
    const data = normalArray(key(feeds.size), sizeOf(shape)).map((z) => z / 2);
    feeds.set(name, hostTensor(data, shape));
    return input(name, shape);
  });
  const bytes = Uint8Array.from({ length: batch * 100 }, (_, i) => Number(i % 3 === 0));
  feeds.set('bytes', hostTensor(bytes, [batch, 100]));
  const outputs = simplify([loss, ...others, ...(Object.values(grad(loss, params)) as Tensor[])]);
  const laid = chooseLayout(outputs);
  const plain = evaluate(outputs, feeds);
  evaluate(laid, feeds).forEach(({ shape, data }, i) => {
    expect(shape).toEqual(plain[i]!.shape);
    const error = Array.from(data as Float64Array, (v, j) => Math.abs(v - Number(plain[i]!.data[j])));
    expect(Math.max(...error)).toBeLessThan(1e-10);
  });
  return topologicalOrder(laid);
}

const names = (nodes: readonly Tensor[]) => nodes.map((t) => t.op.name);
const bytes = (shape: number[]) => reshape(cast(input('bytes', [batch, 100], 'uint8'), 'float32'), shape);

describe('images with the batch last', () => {
  test('a convolutional autoencoder: same numbers, four products a layer pair, one transpose of the bytes', () => {
    const nodes = compare((value) => {
      const params = {
        w1: value('w1', [4, 1, 4, 4]),
        b1: value('b1', [4]),
        w2: value('w2', [6, 4, 4, 4]),
        b2: value('b2', [6]),
        heads: value('heads', [6, 24]),
        spread: value('spread', [24, 3]),
        w3: value('w3', [6, 4, 3, 3]),
        b3: value('b3', [4]),
        w4: value('w4', [4, 1, 4, 4]),
        b4: value('b4', [1]),
      };
      const x = bytes([batch, 1, 10, 10]);
      const h = relu(conv2d(x, params.w1, { stride: 2, padding: 1, bias: params.b1 }));
      const top = relu(conv2d(h, params.w2, { stride: 2, padding: 1, bias: params.b2 }));
      const flat = reshape(top, [batch, 24]);
      const [loc, logScale] = split(matmul(flat, params.heads, { transB: true }), 1, [3, 3]) as [Tensor, Tensor];
      const z = add(loc, mul(exp(logScale), value('noise', [batch, 3])));
      const wide = reshape(relu(matmul(z, params.spread, { transB: true })), [batch, 6, 2, 2]);
      const up = relu(convTranspose2d(wide, params.w3, { stride: 2, outputPadding: 0, bias: params.b3 }));
      const logits = convTranspose2d(up, params.w4, { stride: 2, padding: 1, bias: params.b4 });
      const likelihood = bernoulliEventLogProb(reshape(x, [batch, 100]), reshape(logits, [batch, 100]));
      return { loss: sum(mul(likelihood, value('rows', [batch]))), params, others: [logits] };
    });
    const types = names(nodes);
    for (const native of ['conv', 'convTranspose', 'convWeight']) expect(types).not.toContain(native);
    const moved = nodes.filter((t) => t.op.name === 'transpose').map((t) => t.inputs[0]!);
    expect(moved.filter((t) => t.dtype === 'uint8').length).toBe(1);
    expect(moved.filter((t) => t.dtype === 'float32' && t.rank === 4).map((t) => t.shape)).toEqual([
      [1, 10, 10, batch],
    ]);
    // Conv: forward and weights; inner ones their input too. Transposed: forward, input, weights. Two for each head.
    expect(types.filter((t) => t === 'matmul').length).toBe(2 + 3 + 3 + 3 + 6);
  });

  test('normalisation by groups, poolings, joins, borders and sums of images', () => {
    const nodes = compare((value) => {
      const params = { w: value('w', [4, 2, 3, 3]), scale: value('scale', [1, 4, 1, 1]), v: value('v', [5, 8, 1, 1]) };
      // Channels innermost, as pictures come.
      const x = transpose(value('x', [batch, 7, 6, 2]), [0, 3, 1, 2]);
      const h = conv2d(x, params.w, { padding: [1, 0], stride: [1, 2] });
      const groups = reshape(h, [batch, 2, -1]);
      const centred = sub(groups, mean(groups, { axes: 2, keepDims: true }));
      const scaled = mul(centred, exp(mul(-1, mean(square(centred), { axes: 2, keepDims: true }))));
      const normal = mul(reshape(scaled, h.shape), params.scale);
      const joined = concat([normal, abs(h)], 1);
      const bordered = pad(joined, [0, 0, 0, 1], [0, 0, 1, 0]);
      const pooled = add(
        maxPool2d(bordered, 3, { stride: 2, padding: 1 }),
        avgPool2d(bordered, 3, { stride: 2, padding: 1 }),
      );
      const mixed = conv2d(maxPool2d(pooled, 2), params.v);
      const perExample = broadcastTo(reshape(value('row', [batch]), [batch, 1, 1, 1]), mixed.shape);
      const loss = sum(mul(slice(mixed, 1, 1, 4), slice(perExample, 1, 0, 3)));
      return {
        loss: add(loss, sum(square(sum(mixed, { axes: 1 })))),
        params,
        others: [sum(h, { axes: [0, 2] }), pooled],
      };
    });
    const types = names(nodes);
    for (const native of ['conv', 'convWeight', 'unfold', 'fold', 'maxPool']) expect(types).not.toContain(native);
  });

  test('gradients of gradients, and images that are not from a batch', () => {
    compare((value) => {
      const params = { w: value('w', [3, 2, 3, 3]), y: value('y', [batch, 3, 3, 3]) };
      const x = value('x', [batch, 2, 6, 6]);
      const image = convTranspose2d(params.y, params.w, { stride: 2, padding: 1, outputPadding: 1 });
      const inner = grad(sum(mul(square(image), conv2d(image, value('k', [2, 2, 1, 1])))), { x: params.y });
      return { loss: add(sum(square(inner.x)), sum(mul(image, x))), params };
    });
  });

  test('small batches are left to the runtime', () => {
    const y = conv2d(input('x', [batch - 1, 2, 5, 5]), input('w', [3, 2, 3, 3]));
    expect(names(topologicalOrder(chooseLayout(simplify([y]))))).toContain('conv');
  });
});
