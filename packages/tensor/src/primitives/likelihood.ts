import { ReparamError } from '../errors.ts';
import { sizeOf } from '../host.ts';
import { broadcastShapes, formatShape } from '../shape.ts';
import { apply, elementCount, type Primitive, type Tensor } from '../tensor.ts';
import { mul, sub } from './arithmetic.ts';
import { defineElementwise } from './elementwise.ts';
import { sigmoid } from './functions.ts';
import { build } from './loops.ts';
import { asTensor, type TensorLike } from './source.ts';
import { reshape, sumTo } from './structure.ts';

const bernoulliLogProbOp = defineElementwise({
  name: 'bernoulliLogProb',
  value: (x, l) => x * l - Math.max(l, 0) - Math.log1p(Math.exp(-Math.abs(l))),
  grad: (g, [x, l]) => [mul(g, l!), mul(g, sub(x!, sigmoid(l!)))],
  // Vectorised form of softplus; it underflows to 0 below -17, which a likelihood does not notice.
  onnx: (e, [x, l]) => {
    const tail = e.node('Log', [e.node('Add', [e.node('Exp', [e.node('Neg', [e.node('Abs', [l!])])]), e.float(1)])]);
    const linear = e.node('Sub', [e.node('Mul', [x!, l!]), e.node('Relu', [l!])]);
    return e.node('Sub', [linear, tail]);
  },
});

/** log Bernoulli(x; σ(l)) = x·l − softplus(l), for x in [0, 1] and logits l, in nats per element. */
export const bernoulliLogProb = (x: TensorLike, logits: TensorLike): Tensor =>
  apply(bernoulliLogProbOp, [asTensor(x), asTensor(logits)], null);

/** `fromEnd`: the axis of the event, 1 for the last. */
export const eventLogProbOp: Primitive<{ fromEnd: number }> = {
  name: 'bernoulliEventLogProb',
  infer: ([x, l], { fromEnd }) => {
    const shape = broadcastShapes(x!.shape, l!.shape, 'bernoulliEventLogProb');
    const size = l!.shape.at(-fromEnd);
    const isFloat = x!.dtype === 'float32' && l!.dtype === 'float32';
    if (!isFloat || typeof size !== 'number' || x!.shape.at(-fromEnd) !== size) {
      throw new ReparamError('shape', 'bernoulliEventLogProb: data and logits do not fit', {
        got: `${x!.dtype} ${formatShape(x!.shape)} and ${l!.dtype} ${formatShape(l!.shape)}`,
        expected: 'float32 events of one known size along the last axis',
      });
    }
    return { dtype: 'float32', shape: shape.toSpliced(-fromEnd, 1) };
  },
  vjp: (g, { inputs: [x, l], attrs: { fromEnd } }) => {
    const each = reshape(g, g.shape.toSpliced(g.rank + 1 - fromEnd, 0, 1));
    return [sumTo(mul(each, l!), x!.shape), sumTo(mul(each, sub(x!, sigmoid(l!))), l!.shape)];
  },
  // log(1 + e^-|l|) = -log σ(|l|), and a sum of logarithms is the logarithm of a product: one logarithm for a run of
  // values. Each factor is at least 1/2, so a run of up to 112 cannot underflow.
  lower: (e, [x, l], { inputs: [, logits], shape, attrs: { fromEnd } }) => {
    const reduce = (op: string, value: string, axis: number) => e.node(op, [value, e.int64([axis])], { keepdims: 0 });
    // x·l − max(l, 0) = ½ ((2x − 1) l − |l|): the absolute value is needed anyway.
    const magnitude = e.node('Abs', [l!]);
    const sign = e.node('Sub', [e.node('Add', [x!, x!]), e.float(1)]);
    const linear = e.node('Sub', [e.node('Mul', [sign, l!]), magnitude]);
    const axis = logits!.rank - fromEnd;
    const size = logits!.shape[axis] as number;
    const run = largestDivisor(size, 112);
    const factors = e.node('Sigmoid', [magnitude]);
    const runs = e.node('Reshape', [factors, e.shape(logits!.shape.toSpliced(axis, 1, size / run, run))]);
    const tail = reduce('ReduceSum', e.node('Log', [reduce('ReduceProd', runs, axis + 1)]), axis);
    const half = e.node('Mul', [reduce('ReduceSum', linear, shape.length + 1 - fromEnd), e.float(0.5)]);
    return e.node('Add', [half, tail]);
  },
  evaluate: ([x, l], { fromEnd }, shape) => {
    const size = l!.shape.at(-fromEnd)!;
    const axis = shape.length + 1 - fromEnd;
    const each = bernoulliLogProbOp.evaluate([x!, l!], null, shape.toSpliced(axis, 0, size));
    const stride = sizeOf(shape.slice(axis));
    return build('float32', shape, (i) => {
      const start = Math.floor(i / stride) * stride * size + (i % stride);
      let total = 0;
      for (let j = 0; j < size; j++) total += Number(each.data[start + j * stride]);
      return total;
    });
  },
  flops: ({ inputs: [, l] }) => 8 * elementCount(l!),
};

function largestDivisor(n: number, limit: number): number {
  for (let d = Math.min(n, limit); d > 1; d--) if (n % d === 0) return d;
  return 1;
}

/** Σ over the last axis of `bernoulliLogProb`: the log-probability of a whole event, with one logarithm for many pixels. */
export const bernoulliEventLogProb = (x: TensorLike, logits: TensorLike): Tensor =>
  apply(eventLogProbOp, [asTensor(x), asTensor(logits)], { fromEnd: 1 });
