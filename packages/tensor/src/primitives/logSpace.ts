import { add, div, mul, sub } from './arithmetic.ts';
import { binary, defineElementwise, unary } from './elementwise.ts';
import { emitExpm1, emitLog1p, expm1, sigmoid } from './functions.ts';
import { asTensor, type TensorLike } from './source.ts';

/** log(1 − e⁻ᵗ) for t > 0, by whichever of log1p and expm1 keeps the digits (Mächler 2012). */
export const log1mExp = unary(
  defineElementwise({
    name: 'log1mExp',
    value: (t) => (t > Math.LN2 ? Math.log1p(-Math.exp(-t)) : Math.log(-Math.expm1(-t))),
    grad: (g, [t]) => [div(g, expm1(t!))],
    onnx: (e, [t]) => {
      const negative = e.node('Neg', [t!]);
      const far = emitLog1p(e, e.node('Neg', [e.node('Exp', [negative])]));
      const near = e.node('Log', [e.node('Neg', [emitExpm1(e, negative)])]);
      return e.node('Where', [e.node('Greater', [t!, e.float(Math.LN2)]), far, near]);
    },
  }),
);

/** log(eᵃ + eᵇ), with the larger taken out. */
export const logAddExp = binary(
  defineElementwise({
    name: 'logAddExp',
    value: (a, b) => Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))),
    grad: (g, [a, b]) => [mul(g, sigmoid(sub(a!, b!))), mul(g, sigmoid(sub(b!, a!)))],
    onnx: (e, [a, b]) => {
      const distance = e.node('Abs', [e.node('Sub', [a!, b!])]);
      return e.node('Add', [e.node('Max', [a!, b!]), emitLog1p(e, e.node('Exp', [e.node('Neg', [distance])]))]);
    },
  }),
);

/** log(eᵃ − eᵇ) for a > b. */
export const logSubExp = (a: TensorLike, b: TensorLike): ReturnType<typeof asTensor> => {
  const larger = asTensor(a);
  return add(larger, log1mExp(sub(larger, b)));
};
