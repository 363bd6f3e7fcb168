import type { Emitter } from '../onnx/emitter.ts';
import { add, div, mul, neg, sub } from './arithmetic.ts';
import { defineElementwise, unary } from './elementwise.ts';

// Functions of one variable. `value` is the float64 reference; gradients use the result where that is cheaper.

/** eˣ. */
export const exp = unary(
  defineElementwise({ name: 'exp', onnx: 'Exp', value: Math.exp, grad: (g, _, y) => [mul(g, y)] }),
);

/** Natural logarithm. */
export const log = unary(
  defineElementwise({ name: 'log', onnx: 'Log', value: Math.log, grad: (g, [x]) => [div(g, x!)] }),
);

/** c₀ + x (c₁ + x (c₂ + …)). */
export const horner = (e: Emitter, x: string, [first, ...rest]: readonly number[]): string =>
  rest.length === 0 ? e.float(first!) : e.node('Add', [e.node('Mul', [x, horner(e, x, rest)]), e.float(first!)]);

/** |x| below 1/4, where the series of `log1p` and `expm1` are exact to float32. */
const isSmall = (e: Emitter, x: string): string => e.node('Less', [e.node('Abs', [x]), e.float(0.25)]);

/** Nodes of log(1 + x). */
export function emitLog1p(e: Emitter, x: string): string {
  const one = e.float(1);
  const u = e.node('Add', [x, one]);
  if (e.target === 'webgpu') {
    // WGSL's logarithm is off by up to 2^-21 near 1: 2 artanh(x / (2 + x)) as a series there.
    const s = e.node('Div', [x, e.node('Add', [x, e.float(2)])]);
    const series = e.node('Mul', [s, horner(e, e.node('Mul', [s, s]), [2, 2 / 3, 2 / 5, 2 / 7, 2 / 9])]);
    return e.node('Where', [isSmall(e, x), series, e.node('Log', [u])]);
  }
  const isTiny = e.node('Equal', [u, one]);
  const d = e.node('Where', [isTiny, one, e.node('Sub', [u, one])]);
  const isInfinite = e.node('Greater', [x, e.float(3e38)]);
  const ratio = e.node('Where', [isInfinite, one, e.node('Div', [x, d])]);
  return e.node('Where', [isTiny, x, e.node('Mul', [e.node('Log', [u]), ratio])]);
}

/** log(1 + x), accurate for small x (Kahan's form; ONNX has no such operator). */
export const log1p = unary(
  defineElementwise({
    name: 'log1p',
    value: Math.log1p,
    grad: (g, [x]) => [div(g, add(x!, 1))],
    onnx: (e, [x]) => emitLog1p(e, x!),
  }),
);

/** Nodes of eˣ − 1. */
export function emitExpm1(e: Emitter, x: string): string {
  const one = e.float(1);
  const u = e.node('Exp', [x]);
  const d = e.node('Sub', [u, one]);
  if (e.target === 'webgpu') {
    const series = e.node('Mul', [x, horner(e, x, [1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040])]);
    return e.node('Where', [isSmall(e, x), series, d]);
  }
  const isTiny = e.node('Equal', [u, one]);
  // Where eˣ is 0 or huge, u − 1 itself is exact; the ratio form would be 0·∞ there.
  const isFar = e.node('Greater', [e.node('Abs', [x]), one]);
  const safe = e.node('Where', [e.logicalOr(isTiny, isFar), e.float(2), u]);
  const ratio = e.node('Div', [e.node('Mul', [d, x]), e.node('Log', [safe])]);
  return e.node('Where', [isTiny, x, e.node('Where', [isFar, d, ratio])]);
}

/** eˣ − 1, accurate for small x (Kahan's form). */
export const expm1 = unary(
  defineElementwise({
    name: 'expm1',
    value: Math.expm1,
    grad: (g, [x]) => [mul(g, exp(x!))],
    onnx: (e, [x]) => emitExpm1(e, x!),
  }),
);

/** Hyperbolic tangent. */
export const tanh = unary(
  defineElementwise({ name: 'tanh', onnx: 'Tanh', value: Math.tanh, grad: (g, _, y) => [mul(g, sub(1, mul(y, y)))] }),
);

const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** 1 / (1 + e⁻ˣ). */
export const sigmoid = unary(
  defineElementwise({
    name: 'sigmoid',
    onnx: 'Sigmoid',
    value: logistic,
    grad: (g, _, y) => [mul(g, mul(y, sub(1, y)))],
  }),
);

/** log(1 + eˣ), accurate in both tails; its gradient is the sigmoid. */
export const softplus = unary(
  defineElementwise({
    name: 'softplus',
    // The runtime's own is scalar, and 0 below -17 instead of eˣ: a scale made of it would have the logarithm -∞.
    onnx: (e, [x]) =>
      e.node('Add', [e.node('Relu', [x!]), emitLog1p(e, e.node('Exp', [e.node('Neg', [e.node('Abs', [x!])])]))]),
    value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    grad: (g, [x]) => [mul(g, sigmoid(x!))],
  }),
);

/** log σ(x) = −softplus(−x). */
export const logSigmoid = (x: Parameters<typeof neg>[0]) => neg(softplus(neg(x)));

/** Error function; the reference value uses its Taylor series and continued fraction. */
export const erf = unary(
  defineElementwise({
    name: 'erf',
    onnx: 'Erf',
    value: erfValue,
    grad: (g, [x]) => [mul(g, mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x!, x!)))))],
  }),
);

function erfValue(x: number): number {
  const t = Math.abs(x);
  if (Number.isNaN(x) || t > 6) return Math.sign(x);
  let result: number;
  if (t < 2.5) {
    // erf x = 2/√π e^{-x²} Σ 2ⁿ x^{2n+1} / (1·3···(2n+1)): every term is positive, so nothing cancels.
    let term = t;
    let sum = t;
    for (let n = 1; term > sum * 1e-18; n++) {
      term *= (2 * t * t) / (2 * n + 1);
      sum += term;
    }
    result = (2 / Math.sqrt(Math.PI)) * Math.exp(-t * t) * sum;
  } else {
    // erfc x = e^{-x²}/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), evaluated from the far end.
    let fraction = t;
    for (let k = 60; k >= 1; k--) fraction = t + k / 2 / fraction;
    result = 1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / fraction;
  }
  return x < 0 ? -result : result;
}

/** Sine. */
export const sin = unary(
  defineElementwise({ name: 'sin', onnx: 'Sin', value: Math.sin, grad: (g, [x]) => [mul(g, cos(x!))] }),
);

/** Cosine. */
export const cos = unary(
  defineElementwise({ name: 'cos', onnx: 'Cos', value: Math.cos, grad: (g, [x]) => [neg(mul(g, sin(x!)))] }),
);

/** Greatest integer not above x; gradient 0. */
export const floor = unary(defineElementwise({ name: 'floor', onnx: 'Floor', value: Math.floor }));

/** Least integer not below x; gradient 0. */
export const ceil = unary(defineElementwise({ name: 'ceil', onnx: 'Ceil', value: Math.ceil }));

/** −1, 0 or 1; gradient 0. */
export const sign = unary(
  defineElementwise({
    name: 'sign',
    value: Math.sign,
    // WebGPU has no Sign: the difference of two comparisons exists everywhere.
    onnx: (e, [x]) => {
      const zero = e.float(0);
      const above = e.cast(e.node('Greater', [x!, zero]), 'float32');
      return e.node('Sub', [above, e.cast(e.node('Less', [x!, zero]), 'float32')]);
    },
  }),
);
