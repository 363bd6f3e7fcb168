import { ReparamError } from '../errors.ts';
import { sizeOf } from '../host.ts';
import { formatShape, normalizeAxes, stridesOf } from '../shape.ts';
import { apply, type Primitive, type Tensor } from '../tensor.ts';
import { mul, sub } from './arithmetic.ts';
import { offsets } from './loops.ts';
import { logSumExp, sum } from './reduce.ts';

const softmaxShape = (x: Tensor, axis: number, doing: string): number => {
  if (x.rank === 0 || x.dtype !== 'float32') {
    throw new ReparamError('shape', `${doing}: operand does not fit`, {
      got: `${x.dtype} ${formatShape(x.shape)}`,
      expected: 'float32 of rank 1 or more',
    });
  }
  return normalizeAxes(axis, x.rank, doing)[0]!;
};

const softmaxOp: Primitive<{ axis: number }> = {
  name: 'softmax',
  infer: ([x]) => ({ dtype: x!.dtype, shape: x!.shape }),
  vjp: (g, node) => {
    const y = node as unknown as Tensor;
    const weighted = mul(g, y);
    return [sub(weighted, mul(y, sum(weighted, { axes: node.attrs.axis, keepDims: true })))];
  },
  lower: (e, [x], { attrs }) => e.node('Softmax', [x!], { axis: attrs.axis }),
  evaluate: ([x], { axis }, shape) => {
    const strides = stridesOf(shape);
    const data = new Float64Array(sizeOf(shape));
    const rest = shape.map((d, i) => (i === axis ? 1 : d));
    for (const base of offsets(rest, strides)) {
      const at = Array.from({ length: shape[axis]! }, (_, j) => base + j * strides[axis]!);
      const peak = Math.max(...at.map((i) => Number(x!.data[i])));
      const total = at.reduce((t, i) => t + Math.exp(Number(x!.data[i]) - peak), 0);
      for (const i of at) data[i] = Math.exp(Number(x!.data[i]) - peak) / total;
    }
    return { dtype: x!.dtype, shape, data };
  },
};

/** exp(x) / Σ exp(x) along `axis`, with the maximum taken out. */
export const softmax = (x: Tensor, axis = -1): Tensor =>
  apply(softmaxOp, [x], { axis: softmaxShape(x, axis, 'softmax') });

/** x − log Σ exp(x) along `axis`. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor => {
  const at = softmaxShape(x, axis, 'logSoftmax');
  return sub(x, logSumExp(x, { axes: at, keepDims: true }));
};
