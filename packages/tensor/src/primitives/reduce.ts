import { ReparamError } from '../errors.ts';
import { sizeOf } from '../host.ts';
import { countElements, formatShape, normalizeAxes, type Shape, staticShape, stridesOf } from '../shape.ts';
import { apply, elementCount, type Primitive, type Tensor } from '../tensor.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { equal, greater, less, logicalAnd, where } from './compare.ts';
import { exp, log } from './functions.ts';
import { allocate, offsets } from './loops.ts';
import { broadcastTo, cast, reshape, stopGradient } from './structure.ts';

/** Which axes a reduction goes over, and whether they stay. */
export interface ReduceOptions {
  /** Axes to reduce; all when absent. */
  readonly axes?: number | readonly number[] | undefined;
  /** Keep reduced axes with size 1. */
  readonly keepDims?: boolean;
}

interface ReduceAttrs {
  readonly axes: readonly number[];
}

const without = (shape: Shape, axes: readonly number[]): Shape => shape.filter((_, i) => !axes.includes(i));
const withOnes = (shape: Shape, axes: readonly number[]): Shape => shape.map((d, i) => (axes.includes(i) ? 1 : d));

function checkNumeric(x: Tensor, doing: string): void {
  if (x.dtype === 'float32' || x.dtype === 'int32') return;
  throw new ReparamError('dtype', `${doing}: element type`, { got: x.dtype, expected: 'float32 or int32' });
}

function defineReduction(
  name: string,
  onnx: string,
  start: number,
  combine: (total: number, value: number) => number,
  vjp: NonNullable<Primitive<ReduceAttrs>['vjp']>,
): Primitive<ReduceAttrs> {
  return {
    name,
    infer: ([x], { axes }) => {
      checkNumeric(x!, name);
      return { dtype: x!.dtype, shape: without(x!.shape, axes) };
    },
    vjp,
    // Newer operator sets take the axes as an input for every reduction; keepdims 0 is our convention.
    lower: (e, [x], { attrs }) => e.node(onnx, [x!, e.int64([...attrs.axes])], { keepdims: 0 }),
    evaluate: ([x], { axes }, shape) => {
      const strides = stridesOf(x!.shape);
      const kept = strides.filter((_, i) => !axes.includes(i));
      const bases = offsets(shape, kept);
      const inner = offsets(
        axes.map((a) => x!.shape[a]!),
        axes.map((a) => strides[a]!),
      );
      const data = allocate(x!.dtype, sizeOf(shape));
      for (let i = 0; i < bases.length; i++) {
        let total = start;
        for (let j = 0; j < inner.length; j++) total = combine(total, Number(x!.data[bases[i]! + inner[j]!]));
        data[i] = total;
      }
      return { dtype: x!.dtype, shape, data };
    },
    simplify: ({ inputs: [x], attrs: { axes } }) => (axes.length === 0 ? x : undefined),
    flops: ({ inputs: [x] }) => elementCount(x!),
  };
}

const reduce =
  (op: Primitive<ReduceAttrs>) =>
  (x: Tensor, { axes, keepDims = false }: ReduceOptions = {}): Tensor => {
    const list = normalizeAxes(axes, x.rank, op.name);
    const result = apply(op, [x], { axes: list });
    return keepDims ? reshape(result, withOnes(x.shape, list)) : result;
  };

/** Sum over axes. */
export const sum = reduce(
  defineReduction(
    'sum',
    'ReduceSum',
    0,
    (total, value) => total + value,
    (g, { inputs: [x], attrs }) => [broadcastTo(reshape(g, withOnes(x!.shape, attrs.axes)), x!.shape)],
  ),
);

const extremum = (name: string, onnx: string, start: number, combine: (a: number, b: number) => number) =>
  reduce(
    defineReduction(name, onnx, start, combine, (g, node) => {
      const [x] = node.inputs;
      const expand = (t: Tensor) => reshape(t, withOnes(x!.shape, node.attrs.axes));
      // Elements that share the extreme value share its gradient.
      const chosen = cast(equal(x!, expand(node as unknown as Tensor)), 'float32');
      const count = sum(chosen, { axes: node.attrs.axes, keepDims: true });
      return [mul(expand(g), div(chosen, count))];
    }),
  );

const propagateNaN = (pick: (a: number, b: number) => number) => (a: number, b: number) =>
  Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : pick(a, b);

/** Greatest element along axes. */
export const max = extremum('max', 'ReduceMax', Number.NEGATIVE_INFINITY, propagateNaN(Math.max));

/** Least element along axes. */
export const min = extremum('min', 'ReduceMin', Number.POSITIVE_INFINITY, propagateNaN(Math.min));

/** Arithmetic mean over axes. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const axes = normalizeAxes(options.axes, x.rank, 'mean');
  const count = countElements(axes.map((a) => x.shape[a]!));
  if (typeof count !== 'number') {
    throw new ReparamError('shape', 'mean over an axis of unknown size', { got: formatShape(x.shape) });
  }
  return mul(sum(x, options), 1 / count);
}

/** log Σ exp along axes, with the maximum taken out first. */
export function logSumExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  const axes = normalizeAxes(options.axes, x.rank, 'logSumExp');
  const peak = finiteOrZero(stopGradient(max(x, { axes, keepDims: true })));
  const total = add(log(sum(exp(sub(x, peak)), { axes, keepDims: true })), peak);
  return options.keepDims ? total : reshape(total, without(total.shape, axes));
}

/** An infinite maximum cannot be taken out: ∞ − ∞ is no number. */
const finiteOrZero = (x: Tensor): Tensor => where(logicalAnd(less(x, 3e38), greater(x, -3e38)), x, 0);

/** log (1/n) Σ exp along axes. */
export function logMeanExp(x: Tensor, options: ReduceOptions = {}): Tensor {
  const axes = normalizeAxes(options.axes, x.rank, 'logMeanExp');
  const count = sizeOf(
    staticShape(
      axes.map((a) => x.shape[a]!),
      'logMeanExp',
    ),
  );
  return sub(logSumExp(x, options), Math.log(count));
}

const argMaxOp: Primitive<{ axis: number }> = {
  name: 'argMax',
  infer: ([x], { axis }) => {
    checkNumeric(x!, 'argMax');
    return { dtype: 'int32', shape: without(x!.shape, [axis]) };
  },
  lower: (e, [x], { inputs, attrs: { axis } }) => {
    const size = inputs[0]!.shape[axis]!;
    if (e.target !== 'webgpu' || typeof size !== 'number') {
      return e.cast(e.node('ArgMax', [x!], { axis, keepdims: 0 }), 'int32');
    }
    // WebGPU has no ArgMax to an integer it can hold: the least position whose element is the greatest.
    const range = Int32Array.from({ length: size }, (_, i) => i);
    const ranks = inputs[0]!.shape.map((_, i) => (i === axis ? size : 1));
    const isPeak = e.node('Equal', [x!, e.node('ReduceMax', [x!, e.int64([axis])], { keepdims: 1 })]);
    const positions = e.constant({ dtype: 'int32', shape: ranks, data: range });
    const candidates = e.node('Where', [isPeak, positions, e.int32Scalar(size)]);
    return e.node('ReduceMin', [candidates, e.int64([axis])], { keepdims: 0 });
  },
  evaluate: ([x], { axis }, shape) => {
    const strides = stridesOf(x!.shape);
    const bases = offsets(
      shape,
      strides.filter((_, i) => i !== axis),
    );
    const data = Int32Array.from(bases, (base) => {
      let best = 0;
      for (let j = 1; j < x!.shape[axis]!; j++) {
        if (x!.data[base + j * strides[axis]!]! > x!.data[base + best * strides[axis]!]!) best = j;
      }
      return best;
    });
    return { dtype: 'int32', shape, data };
  },
};

/** Position of the greatest element along `axis` (the first of equals), as int32. */
export const argMax = (x: Tensor, axis: number): Tensor =>
  apply(argMaxOp, [x], { axis: normalizeAxes(axis, x.rank, 'argMax')[0]! });

const cumsumOp: Primitive<{ axis: number; reverse: boolean }> = {
  name: 'cumsum',
  infer: ([x]) => {
    checkNumeric(x!, 'cumsum');
    return { dtype: x!.dtype, shape: x!.shape };
  },
  vjp: (g, { attrs }) => [apply(cumsumOp, [g], { axis: attrs.axis, reverse: !attrs.reverse })],
  lower: (e, [x], { attrs }) => e.node('CumSum', [x!, e.int64Scalar(attrs.axis)], { reverse: attrs.reverse ? 1 : 0 }),
  evaluate: ([x], { axis, reverse }, shape) => {
    const data = x!.data.slice();
    const stride = stridesOf(shape)[axis]!;
    const size = shape[axis]!;
    for (let i = 0; i < data.length; i++) {
      const at = reverse ? data.length - 1 - i : i;
      const position = Math.floor(at / stride) % size;
      const isFirst = reverse ? position === size - 1 : position === 0;
      const before = data[reverse ? at + stride : at - stride];
      if (!isFirst) data[at] = Number(data[at]) + Number(before);
    }
    return { dtype: x!.dtype, shape, data };
  },
};

/** Running sum along `axis`; with `reverse` from the far end. */
export const cumsum = (x: Tensor, axis: number, reverse = false): Tensor =>
  apply(cumsumOp, [x], { axis: normalizeAxes(axis, x.rank, 'cumsum')[0]!, reverse });
