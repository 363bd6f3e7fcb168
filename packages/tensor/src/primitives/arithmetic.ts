import type { Tensor } from '../tensor.ts';
import { greater, less, step, where } from './compare.ts';
import { binary, defineElementwise, unary } from './elementwise.ts';
import { exp, log, sign } from './functions.ts';
import { scalarValue, type TensorLike } from './source.ts';
import { joinPieces } from './structure.ts';

const numeric = ['float32', 'int32'] as const;
const isScalar = (t: Tensor, value: number): boolean => scalarValue(t) === value;

/** a + b, with broadcasting (as everywhere below). */
export const add = binary(
  defineElementwise({
    name: 'add',
    onnx: 'Add',
    accepts: numeric,
    value: (a, b) => a + b,
    grad: (g) => [g, g],
    simplify: ([a, b]) => (isScalar(a!, 0) ? b : isScalar(b!, 0) ? a : joinPieces(a!, b!)),
  }),
);

/** a − b. */
export const sub = binary(
  defineElementwise({
    name: 'sub',
    onnx: 'Sub',
    accepts: numeric,
    value: (a, b) => a - b,
    grad: (g) => [g, neg(g)],
    simplify: ([a, b]) => (isScalar(b!, 0) ? a : undefined),
  }),
);

/** a · b, element by element. */
export const mul = binary(
  defineElementwise({
    name: 'mul',
    onnx: 'Mul',
    accepts: numeric,
    value: (a, b) => a * b,
    grad: (g, [a, b]) => [mul(g, b!), mul(g, a!)],
    simplify: ([a, b]) => {
      if (isScalar(a!, 1)) return b;
      if (isScalar(b!, 1)) return a;
      if (isScalar(a!, -1)) return neg(b!);
      if (isScalar(b!, -1)) return neg(a!);
      return undefined;
    },
  }),
);

/** a / b. */
export const div = binary(
  defineElementwise({
    name: 'div',
    onnx: 'Div',
    value: (a, b) => a / b,
    grad: (g, [, b], y) => [div(g, b!), neg(div(mul(g, y), b!))],
    simplify: ([a, b]) => (isScalar(b!, 1) ? a : undefined),
  }),
);

/** a to the power b; the gradient in b needs a > 0. */
export const pow = binary(
  defineElementwise({
    name: 'pow',
    onnx: 'Pow',
    value: (a, b) => a ** b,
    grad: (g, [a, b], y) => [
      mul(g, mul(b!, pow(a!, sub(b!, 1)))),
      // d/db a^b = a^b log a, and 0 where a = 0 (for b > 0).
      mul(g, where(greater(a!, 0), mul(y, log(where(greater(a!, 0), a!, 1))), 0)),
    ],
    simplify: ([a, b]) => (isScalar(b!, 1) ? a : isScalar(b!, 2) ? mul(a!, a!) : undefined),
  }),
);

/** The greater of a and b; where they are equal each gets half of the gradient. */
export const maximum = binary(
  defineElementwise({
    name: 'maximum',
    onnx: 'Max',
    accepts: numeric,
    value: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b)),
    grad: (g, [a, b]) => share(g, greater(a!, b!), greater(b!, a!)),
  }),
);

/** The lesser of a and b; where they are equal each gets half of the gradient. */
export const minimum = binary(
  defineElementwise({
    name: 'minimum',
    onnx: 'Min',
    accepts: numeric,
    value: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.min(a, b)),
    grad: (g, [a, b]) => share(g, less(a!, b!), less(b!, a!)),
  }),
);

function share(g: Tensor, first: Tensor, second: Tensor): Tensor[] {
  const half = mul(g, 0.5);
  return [where(first, g, where(second, 0, half)), where(second, g, where(first, 0, half))];
}

/** −x. */
export const neg = unary(
  defineElementwise({
    name: 'neg',
    // WebGPU negates floats only.
    onnx: (e, [x], { dtype }) =>
      dtype === 'int32' && e.target === 'webgpu' ? e.node('Sub', [e.int32Scalar(0), x!]) : e.node('Neg', [x!]),
    accepts: numeric,
    value: (x) => -x,
    grad: (g) => [neg(g)],
    simplify: ([x]) => (x!.op.name === 'neg' ? x!.inputs[0] : undefined),
  }),
);

/** |x|; its gradient at 0 is 0. */
export const abs = unary(
  defineElementwise({ name: 'abs', onnx: 'Abs', value: Math.abs, grad: (g, [x]) => [mul(g, sign(x!))] }),
);

/** 1 / x. */
export const reciprocal = unary(
  defineElementwise({
    name: 'reciprocal',
    onnx: 'Reciprocal',
    value: (x) => 1 / x,
    grad: (g, _, y) => [neg(mul(g, mul(y, y)))],
  }),
);

/** √x. */
export const sqrt = unary(
  defineElementwise({ name: 'sqrt', onnx: 'Sqrt', value: Math.sqrt, grad: (g, _, y) => [div(mul(g, 0.5), y)] }),
);

/** max(x, 0); its gradient at 0 is 0. */
export const relu = unary(
  defineElementwise({
    name: 'relu',
    onnx: 'Relu',
    value: (x) => (x > 0 ? x : Number.isNaN(x) ? x : 0),
    // The step is taken of the result: the backward pass then needs to keep only that.
    grad: (g, _, y) => [mul(g, step(y))],
  }),
);

/** x². */
export const square = (x: TensorLike): Tensor => mul(x, x);

export { exp, log };
