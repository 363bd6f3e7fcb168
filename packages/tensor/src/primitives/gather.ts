import { ReparamError } from '../errors.ts';
import { sizeOf } from '../host.ts';
import { checkSizes, countElements, formatShape, normalizeAxes, sameShape } from '../shape.ts';
import { apply, isOp, type Primitive, type Tensor } from '../tensor.ts';
import { equal } from './compare.ts';
import { allocate } from './loops.ts';
import { constant, constantOp } from './source.ts';
import { cast, iota, reshape } from './structure.ts';

const checkIndices = (indices: Tensor, doing: string) => {
  if (indices.dtype !== 'int32') {
    throw new ReparamError('dtype', `${doing}: indices`, { got: indices.dtype, expected: 'int32' });
  }
};

const gatherOp: Primitive<{ axis: number }> = {
  name: 'gather',
  infer: ([x, indices], { axis }) => {
    checkIndices(indices!, 'gather');
    return { dtype: x!.dtype, shape: [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)] };
  },
  vjp: (g, { inputs: [x, indices], attrs: { axis } }) => [
    undone(indices!, axis, x!, g) ?? apply(scatterAddOp, [g, indices!], { axis, size: x!.shape[axis] as number }),
    null,
  ],
  lower: (e, [x, indices], { attrs }) => e.node('Gather', [x!, indices!], { axis: attrs.axis }),
  evaluate: ([x, indices], { axis }, shape) => {
    const outer = sizeOf(x!.shape.slice(0, axis));
    const inner = sizeOf(x!.shape.slice(axis + 1));
    const size = x!.shape[axis]!;
    const data = allocate(x!.dtype, sizeOf(shape));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const index of indices!.data) {
        const start = (o * size + checkIndex(Number(index), size)) * inner;
        for (let i = 0; i < inner; i++) data[at++] = x!.data[start + i]!;
      }
    }
    return { dtype: x!.dtype, shape, data };
  },
  flops: () => 0,
};

/** The transpose of taking every position once, by constant indices: taking them back. */
function undone(indices: Tensor, axis: number, x: Tensor, g: Tensor): Tensor | undefined {
  if (!isOp(indices, constantOp) || indices.rank !== 1 || indices.shape[0] !== x.shape[axis]) return undefined;
  const order = indices.attrs.value.data as Int32Array;
  const inverse = new Int32Array(order.length).fill(-1);
  order.forEach((from, to) => {
    inverse[from] = to;
  });
  if (inverse.includes(-1)) return undefined;
  return gather(g, constant({ dtype: 'int32', shape: [order.length], data: inverse }), axis);
}

function checkIndex(index: number, size: number): number {
  if (index >= 0 && index < size) return index;
  throw new ReparamError('data', 'gather: index out of range', { got: String(index), expected: `0 … ${size - 1}` });
}

/**
 * Slices of `x` along `axis` at int32 `indices` from 0 up, whose shape replaces that axis. Indices are data: only the
 * reference interpreter is sure to refuse ones out of range.
 */
export const gather = (x: Tensor, indices: Tensor, axis = 0): Tensor =>
  apply(gatherOp, [x, indices], { axis: normalizeAxes(axis, x.rank, 'gather')[0]! });

const scatterAddOp: Primitive<{ axis: number; size: number }> = {
  name: 'scatterAdd',
  infer: ([g, indices], { axis, size }) => {
    checkIndices(indices!, 'scatterAdd');
    const slots = g!.shape.slice(axis, axis + indices!.rank);
    if (g!.dtype !== 'float32' || !sameShape(slots, indices!.shape)) {
      throw new ReparamError('shape', `scatterAdd on axis ${axis}: slices and indices do not fit`, {
        got: `${g!.dtype} ${formatShape(g!.shape)} and ${formatShape(indices!.shape)}`,
        expected: `float32 values that have the shape of the indices from axis ${axis} on`,
      });
    }
    return { dtype: g!.dtype, shape: [...g!.shape.slice(0, axis), size, ...g!.shape.slice(axis + indices!.rank)] };
  },
  vjp: (g, { inputs: [, indices], attrs: { axis } }) => [gather(g, indices!, axis), null],
  // A product with the one-hot matrix: kernels exist everywhere and the order of summation is fixed.
  lower: (e, [g, indices], { inputs, attrs: { axis, size } }) => {
    const shape = inputs[0]!.shape;
    const outer = shape.slice(0, axis);
    const inner = shape.slice(axis + inputs[1]!.rank);
    const flat = e.node('Reshape', [indices!, e.int64([1, -1])]);
    const range = e.constant({
      dtype: 'int32',
      shape: [size, 1],
      data: Int32Array.from({ length: size }, (_, i) => i),
    });
    const oneHotRows = e.cast(e.node('Equal', [flat, range]), 'float32');
    const slots = inputs[1]!.shape;
    const matrices = e.node('Reshape', [g!, e.shape([outer, slots, inner].map(countElements))]);
    return e.node('Reshape', [e.node('MatMul', [oneHotRows, matrices]), e.shape([...outer, size, ...inner])]);
  },
  evaluate: ([g, indices], { axis, size }, shape) => {
    const outer = sizeOf(shape.slice(0, axis));
    const inner = sizeOf(shape.slice(axis + 1));
    const data = allocate(g!.dtype, sizeOf(shape));
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const index of indices!.data) {
        const start = (o * size + checkIndex(Number(index), size)) * inner;
        for (let i = 0; i < inner; i++) data[start + i] = Number(data[start + i]) + Number(g!.data[at++]);
      }
    }
    return { dtype: g!.dtype, shape, data };
  },
};

/** Adds the slices of `g` into `size` places along `axis` given by `indices`: the transpose of `gather`. */
export const scatterAdd = (g: Tensor, indices: Tensor, axis: number, size: number): Tensor =>
  apply(scatterAddOp, [g, indices], { axis: axis < 0 ? axis + g.rank : axis, size });

/** float32 indicators of shape [...indices, depth] from int32 class numbers. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  checkIndices(indices, 'oneHot');
  checkSizes([depth], 'oneHot');
  return cast(equal(reshape(indices, [...indices.shape, 1]), iota(depth)), 'float32');
}
