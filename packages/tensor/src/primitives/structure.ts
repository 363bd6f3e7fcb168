import { ReparamError } from '../errors.ts';
import { type DType, type HostTensor, sizeOf } from '../host.ts';
import {
  broadcastShapes,
  checkSizes,
  countElements,
  type Dim,
  formatDim,
  formatShape,
  normalizeAxes,
  type Shape,
  sameDim,
  sameShape,
  stridesOf,
} from '../shape.ts';
import { apply, isOp, type Primitive, type Tensor } from '../tensor.ts';
import { allocate, broadcastOffsets, build, offsets } from './loops.ts';
import { sum } from './reduce.ts';
import { asTensor, constant, scalarValue, type TensorLike } from './source.ts';

/** Reads `input` at `from[i]` for each element i of the result. */
function pick(input: HostTensor, shape: readonly number[], from: Int32Array): HostTensor {
  const data = allocate(input.dtype, from.length);
  for (let i = 0; i < from.length; i++) data[i] = input.data[from[i]!]!;
  return { dtype: input.dtype, shape, data };
}

const reshapeOp: Primitive<{ shape: Shape }> = {
  name: 'reshape',
  infer: ([x], { shape }) => {
    checkSizes(shape, 'reshape');
    if (!sameDim(countElements(x!.shape), countElements(shape))) {
      throw new ReparamError('shape', 'reshape: number of elements changes', {
        got: `${formatShape(x!.shape)} to ${formatShape(shape)}`,
        expected: `${formatDim(countElements(x!.shape))} elements`,
      });
    }
    return { dtype: x!.dtype, shape };
  },
  vjp: (g, { inputs: [x] }) => [reshape(g, x!.shape)],
  lower: (e, [x], { attrs }) => e.node('Reshape', [x!, e.shape(attrs.shape)]),
  evaluate: ([x], _, shape) => ({ ...x!, shape }),
  simplify: ({ inputs: [x], shape }) => {
    if (sameShape(x!.shape, shape)) return x;
    if (isOp(x!, reshapeOp)) return reshape(x.inputs[0]!, shape);
    return undefined;
  },
  flops: () => 0,
};

/** Same elements in row-major order, another shape. One size may be −1: it is worked out. */
export function reshape(x: Tensor, shape: readonly Dim[]): Tensor {
  const free = shape.indexOf(-1);
  if (free < 0) return apply(reshapeOp, [x], { shape: [...shape] });
  const others = shape.filter((_, i) => i !== free);
  checkSizes(others, 'reshape');
  const rest = countElements(others);
  return apply(reshapeOp, [x], { shape: shape.map((d, i) => (i === free ? divideDims(x.shape, rest) : d)) });
}

function divideDims(shape: Shape, by: Dim): Dim {
  const total = countElements(shape);
  if (typeof by === 'number' && by > 0) {
    const factor = (typeof total === 'number' ? total : total.factor) / by;
    if (Number.isInteger(factor)) return typeof total === 'number' ? factor : { ...total, factor };
  } else if (
    typeof by !== 'number' &&
    typeof total !== 'number' &&
    total.symbol === by.symbol &&
    Number.isInteger(total.factor / by.factor)
  ) {
    return total.factor / by.factor;
  }
  throw new ReparamError('shape', 'reshape: the free size is not a whole number', {
    got: `${formatShape(shape)} divided into ${formatDim(by)}`,
  });
}

const transposeOp: Primitive<{ perm: readonly number[] }> = {
  name: 'transpose',
  infer: ([x], { perm }) => {
    if (perm.length !== x!.rank || normalizeAxes(perm, x!.rank, 'transpose').length !== x!.rank) {
      throw new ReparamError('shape', 'transpose: not a permutation of the axes', {
        got: JSON.stringify(perm),
        expected: `each of 0 … ${x!.rank - 1} once`,
      });
    }
    return { dtype: x!.dtype, shape: perm.map((p) => x!.shape[p]!) };
  },
  vjp: (g, { attrs: { perm } }) => [transpose(g, invert(perm))],
  lower: (e, [x], { attrs }) => e.node('Transpose', [x!], { perm: attrs.perm }),
  evaluate: ([x], { perm }, shape) => {
    const strides = stridesOf(x!.shape);
    return pick(
      x!,
      shape,
      offsets(
        shape,
        perm.map((p) => strides[p]!),
      ),
    );
  },
  simplify: ({ inputs: [x], attrs: { perm } }) => {
    if (perm.every((p, i) => p === i)) return x;
    if (isOp(x!, transposeOp)) {
      const first = x.attrs.perm;
      return transpose(
        x.inputs[0]!,
        perm.map((p) => first[p]!),
      );
    }
    return undefined;
  },
  flops: () => 0,
};

const invert = (perm: readonly number[]): number[] => perm.map((_, i) => perm.indexOf(i));

/** Permutes the axes; without `perm` reverses them. */
export const transpose = (x: Tensor, perm?: readonly number[]): Tensor =>
  apply(transposeOp, [x], { perm: perm ?? x.shape.map((_, i) => x.rank - 1 - i) });

export const broadcastToOp: Primitive<{ shape: Shape }> = {
  name: 'broadcastTo',
  infer: ([x], { shape }) => {
    if (!sameShape(broadcastShapes(x!.shape, shape, 'broadcastTo'), shape)) {
      throw new ReparamError('shape', 'broadcastTo: shapes do not broadcast', {
        got: `${formatShape(x!.shape)} to ${formatShape(shape)}`,
        expected: 'sizes that are equal or 1, aligned from the right',
      });
    }
    return { dtype: x!.dtype, shape };
  },
  vjp: (g, { inputs: [x] }) => [sumTo(g, x!.shape)],
  lower: (e, [x], { attrs }) => e.node('Expand', [x!, e.shape(attrs.shape)]),
  evaluate: ([x], _, shape) => pick(x!, shape, broadcastOffsets(x!.shape, shape)),
  simplify: ({ inputs: [x], shape }) => {
    if (sameShape(x!.shape, shape)) return x;
    if (isOp(x!, broadcastToOp)) return broadcastTo(x.inputs[0]!, shape);
    return undefined;
  },
  flops: () => 0,
};

/** Repeats `x` along missing axes and axes of size 1 until it has `shape`. */
export const broadcastTo = (x: TensorLike, shape: Shape): Tensor => apply(broadcastToOp, [asTensor(x)], { shape });

/** Sums `x` over the axes along which a tensor of `shape` was broadcast: the transpose of `broadcastTo`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = x.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshape(sum(x, { axes }), shape);
}

/**
 * Elementwise operations broadcast by themselves: takes explicit broadcasts off their operands where the result
 * keeps its shape. Undefined when there are none to take off.
 */
export function broadcastOperands(inputs: readonly Tensor[], shape: Shape): Tensor[] | undefined {
  let changed = false;
  const bare = [...inputs];
  for (let i = 0; i < bare.length; i++) {
    const operand = bare[i]!;
    if (!isOp(operand, broadcastToOp)) continue;
    const candidate = bare.map((t, j) => (j === i ? operand.inputs[0]! : t));
    const result = candidate.map((t) => t.shape).reduce((a, b) => broadcastShapes(a, b, 'broadcast'));
    if (!sameShape(result, shape)) continue;
    bare[i] = operand.inputs[0]!;
    changed = true;
  }
  return changed ? bare : undefined;
}

interface SliceAttrs {
  readonly starts: readonly number[];
  readonly ends: readonly Dim[];
}

const sliceOp: Primitive<SliceAttrs> = {
  name: 'slice',
  infer: ([x], { starts, ends }) => {
    const shape = x!.shape.map((size, i) => {
      const start = starts[i]!;
      const end = ends[i]!;
      if (sameDim(size, end) && start === 0) return size;
      const inside = Number.isInteger(start) && start >= 0 && Number.isInteger(end) && Number(end) >= start;
      if (!inside || typeof size !== 'number' || typeof end !== 'number' || end > size) {
        throw new ReparamError('shape', 'slice: range outside the tensor', {
          got: `${start} … ${formatDim(end)} on axis ${i}`,
          expected: `within 0 … ${formatDim(size)}`,
        });
      }
      return end - start;
    });
    return { dtype: x!.dtype, shape };
  },
  vjp: (g, { inputs: [x], attrs }) => [
    pad(
      g,
      attrs.starts,
      x!.shape.map((size, i) =>
        typeof size === 'number' && typeof attrs.ends[i] === 'number' ? size - (attrs.ends[i] as number) : 0,
      ),
    ),
  ],
  lower: (e, [x], node) => {
    const axes = node.shape.flatMap((d, i) => (sameDim(d, node.inputs[0]!.shape[i]!) ? [] : [i]));
    const starts = axes.map((a) => node.attrs.starts[a]!);
    const ends = axes.map((a) => node.attrs.ends[a] as number);
    if (e.target === 'webgpu' && node.dtype !== 'float32') {
      // WebGPU slices floats only; it gathers every type.
      return axes.reduce((name, axis, i) => {
        const data = Int32Array.from({ length: ends[i]! - starts[i]! }, (_, j) => starts[i]! + j);
        return e.node('Gather', [name, e.constant({ dtype: 'int32', shape: [data.length], data })], { axis });
      }, x!);
    }
    return e.node('Slice', [x!, e.int64(starts), e.int64(ends), e.int64(axes)]);
  },
  evaluate: ([x], { starts }, shape) => {
    const strides = stridesOf(x!.shape);
    const start = starts.reduce((total, s, i) => total + s * strides[i]!, 0);
    return pick(x!, shape, offsets(shape, strides, start));
  },
  simplify: ({ inputs: [x], shape, attrs }) => {
    if (sameShape(x!.shape, shape)) return x;
    if (isOp(x!, padOp)) {
      // A slice of exactly what zeros were added to.
      const inner = x.inputs[0]!;
      return sameShape(inner.shape, shape) && attrs.starts.every((s, i) => s === x.attrs.before[i]) ? inner : undefined;
    }
    if (!isOp(x!, concatOp)) return undefined;
    // A slice of exactly one piece of a concatenation is that piece.
    const axis = x.attrs.axis;
    let start = 0;
    for (const piece of x.inputs) {
      const size = piece.shape[axis] as number;
      if (sameShape(piece.shape, shape) && attrs.starts[axis] === start && attrs.ends[axis] === start + size)
        return piece;
      start += size;
    }
    return undefined;
  },
  flops: () => 0,
};

/** Elements `start` (included) to `end` (excluded) along one axis; negative positions count from the end. */
export function slice(x: Tensor, axis: number, start: number, end?: number): Tensor {
  const [at] = normalizeAxes(axis, x.rank, 'slice') as [number];
  const size = x.shape[at]!;
  const resolve = (position: number): number => {
    if (position >= 0) return position;
    if (typeof size === 'number') return position + size;
    throw new ReparamError('shape', 'slice: negative position on an axis of unknown size', { got: String(position) });
  };
  return apply(sliceOp, [x], {
    starts: x.shape.map((_, i) => (i === at ? resolve(start) : 0)),
    ends: x.shape.map((d, i) => (i === at && end !== undefined ? resolve(end) : d)),
  });
}

/** Cuts `x` along `axis` into pieces of the given sizes. */
export function split(x: Tensor, axis: number, sizes: readonly number[]): Tensor[] {
  let start = 0;
  return sizes.map((size) => {
    start += size;
    return slice(x, axis, start - size, start);
  });
}

const padOp: Primitive<{ before: readonly number[]; after: readonly number[] }> = {
  name: 'pad',
  infer: ([x], { before, after }) => {
    const counts = [...before, ...after];
    if (before.length !== x!.rank || after.length !== x!.rank || !counts.every((n) => Number.isInteger(n) && n >= 0)) {
      throw new ReparamError('shape', 'pad: widths do not fit', {
        got: `[${before}] before and [${after}] after for ${formatShape(x!.shape)}`,
        expected: `${x!.rank} whole numbers from 0 up each`,
      });
    }
    const shape = x!.shape.map((d, i) => {
      const extra = before[i]! + after[i]!;
      if (extra === 0) return d;
      if (typeof d === 'number') return d + extra;
      throw new ReparamError('shape', 'pad: axis of unknown size', { got: formatShape(x!.shape) });
    });
    return { dtype: x!.dtype, shape };
  },
  vjp: (g, { inputs: [x], attrs }) => [
    apply(sliceOp, [g], {
      starts: attrs.before,
      ends: x!.shape.map((d, i) => (typeof d === 'number' ? d + attrs.before[i]! : d)),
    }),
  ],
  lower: (e, [x], { attrs }) => e.node('Pad', [x!, e.int64([...attrs.before, ...attrs.after])]),
  evaluate: ([x], { before }, shape) => {
    const data = allocate(x!.dtype, sizeOf(shape));
    const strides = stridesOf(shape);
    const start = before.reduce((total, b, i) => total + b * strides[i]!, 0);
    const to = offsets(x!.shape, strides, start);
    for (let i = 0; i < to.length; i++) data[to[i]!] = x!.data[i]!;
    return { dtype: x!.dtype, shape, data };
  },
  simplify: ({ inputs: [x], shape }) => (sameShape(x!.shape, shape) ? x : undefined),
  flops: () => 0,
};

/**
 * The sum of two pieces that zeros were added to, where it is the two side by side: gradients of the pieces of a split are
 * joined again. Undefined for any other sum.
 */
export function joinPieces(a: Tensor, b: Tensor): Tensor | undefined {
  if (!isOp(a, padOp) || !isOp(b, padOp) || !sameShape(a.shape, b.shape)) return undefined;
  const isPadded = (t: Tensor<{ before: readonly number[]; after: readonly number[] }>, axis: number) =>
    t.attrs.before[axis] !== 0 || t.attrs.after[axis] !== 0;
  const axes = a.shape.flatMap((_, axis) => (isPadded(a, axis) || isPadded(b, axis) ? [axis] : []));
  const [axis] = axes;
  if (axis === undefined || axes.length !== 1) return undefined;
  const [first, second] = a.attrs.before[axis]! < b.attrs.before[axis]! ? [a, b] : [b, a];
  const end = first.attrs.before[axis]! + (first.inputs[0]!.shape[axis] as number);
  if (end !== second.attrs.before[axis]) return undefined;
  return pad(concat([first.inputs[0]!, second.inputs[0]!], axis), first.attrs.before, second.attrs.after);
}

/** Adds zeros: `before[i]` and `after[i]` elements on axis i. */
export const pad = (x: Tensor, before: readonly number[], after: readonly number[]): Tensor =>
  apply(padOp, [x], { before: [...before], after: [...after] });

const concatOp: Primitive<{ axis: number }> = {
  name: 'concat',
  infer: (inputs, { axis }) => {
    const [first] = inputs as [Tensor];
    let size = 0;
    for (const t of inputs) {
      const fits = t.rank === first.rank && t.dtype === first.dtype && typeof t.shape[axis] === 'number';
      if (!fits || !t.shape.every((d, i) => i === axis || sameDim(d, first.shape[i]!))) {
        throw new ReparamError('shape', `concat on axis ${axis}: pieces do not fit`, {
          got: inputs.map((i) => `${i.dtype} ${formatShape(i.shape)}`).join(', '),
          expected: `one element type, and equal sizes on every axis but ${axis}`,
        });
      }
      size += t.shape[axis] as number;
    }
    return { dtype: first.dtype, shape: first.shape.map((d, i) => (i === axis ? size : d)) };
  },
  vjp: (g, { inputs, attrs: { axis } }) =>
    split(
      g,
      axis,
      inputs.map((t) => t.shape[axis] as number),
    ),
  lower: (e, inputs, { attrs }) => e.node('Concat', inputs, { axis: attrs.axis }),
  evaluate: (inputs, { axis }, shape) => {
    const data = allocate(inputs[0]!.dtype, sizeOf(shape));
    const strides = stridesOf(shape);
    let start = 0;
    for (const t of inputs) {
      const to = offsets(t.shape, strides, start * strides[axis]!);
      for (let i = 0; i < to.length; i++) data[to[i]!] = t.data[i]!;
      start += t.shape[axis]!;
    }
    return { dtype: inputs[0]!.dtype, shape, data };
  },
  simplify: ({ inputs }) => (inputs.length === 1 ? inputs[0] : undefined),
  flops: () => 0,
};

/** Joins tensors along `axis`. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 0) throw new ReparamError('shape', 'concat of no tensors', { expected: 'at least one' });
  const [at] = normalizeAxes(axis, tensors[0]!.rank, 'concat') as [number];
  return apply(concatOp, tensors, { axis: at });
}

/** Joins tensors of one shape along a new axis. */
export const stack = (tensors: readonly Tensor[], axis = 0): Tensor =>
  concat(
    tensors.map((t) => reshape(t, [...t.shape.slice(0, axis), 1, ...t.shape.slice(axis)])),
    axis,
  );

const castOp: Primitive<{ dtype: DType }> = {
  name: 'cast',
  pointwise: true,
  infer: ([x], { dtype }) => ({ dtype, shape: x!.shape }),
  vjp: (g, { inputs: [x] }) => [x!.dtype === 'float32' ? g : null],
  lower: (e, [x], { attrs }) => e.cast(x!, attrs.dtype),
  evaluate: ([x], { dtype }, shape) =>
    build(dtype, shape, (i) => {
      const value = Number(x!.data[i]);
      return dtype === 'float32' ? value : dtype === 'bool' ? Number(value !== 0) : Math.trunc(value);
    }),
  simplify: ({ inputs: [x], attrs: { dtype } }) => {
    if (x!.dtype === dtype) return x;
    const value = scalarValue(x!);
    const isScalar = value !== undefined && x!.rank === 0 && (dtype === 'float32' || dtype === 'int32');
    return isScalar ? constant(value, dtype) : undefined;
  },
};

/** Converts the element type; to integers by truncation. */
export const cast = (x: Tensor, dtype: DType): Tensor => apply(castOp, [x], { dtype });

const stopGradientOp: Primitive<null> = {
  name: 'stopGradient',
  infer: ([x]) => ({ dtype: x!.dtype, shape: x!.shape }),
  lower: (_, [x]) => x!,
  evaluate: ([x]) => x!,
  // By the time a graph is simplified every gradient has been taken.
  simplify: ({ inputs: [x] }) => x,
  flops: () => 0,
};

/** The value of `x`, treated as a constant by every derivative. */
export const stopGradient = (x: Tensor): Tensor => apply(stopGradientOp, [x], null);

/** 0, 1, …, n − 1 as int32 (shape [n]). */
export const iota = (n: number): Tensor => {
  checkSizes([n], 'iota');
  return constant({ dtype: 'int32', shape: [n], data: Int32Array.from({ length: n }, (_, i) => i) });
};
