import { apply, type Tensor } from '../tensor.ts';
import { binary, defineElementwise, like, unary } from './elementwise.ts';
import type { TensorLike } from './source.ts';

const numeric = ['float32', 'int32'] as const;
const compare = (name: string, onnx: string, value: (a: number, b: number) => boolean) =>
  binary(defineElementwise({ name, onnx, accepts: numeric, result: 'bool', value: (a, b) => (value(a, b) ? 1 : 0) }));

/** a < b as a bool, of broadcast float32 or int32 operands; no gradient. */
export const less = compare('less', 'Less', (a, b) => a < b);
/** a ≤ b as a bool, of broadcast float32 or int32 operands; no gradient. */
export const lessEqual = compare('lessEqual', 'LessOrEqual', (a, b) => a <= b);
/** a > b as a bool, of broadcast float32 or int32 operands; no gradient. */
export const greater = compare('greater', 'Greater', (a, b) => a > b);
/** a ≥ b as a bool, of broadcast float32 or int32 operands; no gradient. */
export const greaterEqual = compare('greaterEqual', 'GreaterOrEqual', (a, b) => a >= b);
/** a = b as a bool, of broadcast float32 or int32 operands; no gradient. */
export const equal = compare('equal', 'Equal', (a, b) => a === b);

const bool = ['bool'] as const;
/** a and b, of broadcast bools. */
export const logicalAnd = binary(
  defineElementwise({ name: 'logicalAnd', onnx: 'And', accepts: bool, value: (a, b) => a & b }),
);
/** a or b, of broadcast bools. */
export const logicalOr = binary(
  defineElementwise({
    name: 'logicalOr',
    onnx: (e, [a, b]) => e.logicalOr(a!, b!),
    accepts: bool,
    value: (a, b) => a | b,
  }),
);
/** not a, of bools. */
export const logicalNot = unary(
  defineElementwise({ name: 'logicalNot', onnx: 'Not', accepts: bool, value: (a) => 1 - a }),
);

const whereOp = defineElementwise({
  name: 'where',
  onnx: 'Where',
  accepts: ['float32', 'int32', 'uint8'],
  value: (c, a, b) => (c ? a : b),
  grad: (g, [c]) => [null, where(c!, g, 0), where(c!, 0, g)],
});

/** `a` where `condition` (bool) holds, `b` elsewhere. Gradients go to the chosen branch only. */
export const where = (condition: Tensor, a: TensorLike, b: TensorLike): Tensor =>
  apply(whereOp, [condition, like(a, b), like(b, a)], null);

/** 1 where x > 0, else 0 (so 0 at 0); gradient 0. */
export const step = unary(
  defineElementwise({
    name: 'step',
    value: (x) => (x > 0 ? 1 : 0),
    // clip(3e38 · x, 0, 1): one vectorised pass on a CPU, where a comparison and a cast cost two.
    onnx: (e, [x]) =>
      e.target === 'webgpu'
        ? e.cast(e.node('Greater', [x!, e.float(0)]), 'float32')
        : e.node('HardSigmoid', [x!], { alpha: 3e38, beta: 0 }),
  }),
);
