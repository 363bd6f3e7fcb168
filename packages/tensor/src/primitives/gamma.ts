import type { Emitter } from '../onnx/emitter.ts';
import type { Primitive, Tensor } from '../tensor.ts';
import { mul } from './arithmetic.ts';
import { defineElementwise, unary } from './elementwise.ts';
import { horner } from './functions.ts';

// ψ₋₁ = log Γ and its derivatives ψ₀, ψ₁, … for x > 0: shifted up by ψₙ(x) = ψₙ(x + 1) − (−1)ⁿ n! / xⁿ⁺¹, then Stirling's
// series (Abramowitz and Stegun 6.1.41, 6.3.18, 6.4.11). The float64 reference shifts further and takes more terms.

/** B₂, B₄, …. */
const bernoulliNumbers = [
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
  43867 / 798,
  -174611 / 330,
];
const halfLog2Pi = 0.5 * Math.log(2 * Math.PI);
/** Where the series starts, in float32 and in float64. */
const farEnough32 = 6;
export const farEnough64 = 15;

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
const signOf = (order: number): number => (order % 2 === 0 ? -1 : 1);

/** Coefficients of z⁻²ᵏ in Stirling's series of ψ_order, apart from its sign, a factor z⁻ⁿ and (for log Γ) z. */
export function stirling(order: number, terms: number): number[] {
  return bernoulliNumbers.slice(0, terms).map((b, i) => {
    const k = 2 * (i + 1);
    if (order < 1) return order === 0 ? b / k : b / (k * (k - 1));
    return (b * factorial(k + order - 1)) / factorial(k);
  });
}

/** c₀ + x (c₁ + x (c₂ + …)). */
export const polynomial = (x: number, c: readonly number[]): number => c.reduceRight((sum, ci) => ci + x * sum, 0);

const series64 = [-1, 0, 1, 2, 3, 4].map((order) => stirling(order, 10));

/** ψ_order(x) for order ≥ 0 in float64. */
function polygammaValue(order: number, x: number): number {
  if (!(x > 0)) return Number.NaN;
  let shifted = 0;
  let z = x;
  for (; z < farEnough64; z++) shifted += z ** -(order + 1);
  const u = 1 / (z * z);
  const rest = u * polynomial(u, series64[order + 1] ?? stirling(order, 10));
  if (order === 0) return Math.log(z) - 0.5 / z - rest - shifted;
  const n = factorial(order);
  return signOf(order) * (z ** -order * (n / order + (0.5 * n) / z + rest) + n * shifted);
}

/** (−1)ᵏ (ζ(k) − 1) / k for k = 2, 3, …: log Γ(2 + t) = (1 − γ) t + Σ of these times tᵏ. */
const nearTwo = Array.from({ length: 50 }, (_, i) => {
  const k = i + 2;
  return (polygammaValue(k - 1, 2) / factorial(k - 1)) * (1 / k);
});
const oneMinusEuler = polygammaValue(0, 2);

function lgammaValue(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (x >= 1.5 && x <= 2.5) {
    const t = x - 2;
    return t * (oneMinusEuler + t * polynomial(t, nearTwo));
  }
  if (x >= 0.5 && x < 1.5) return lgammaValue(x + 1) - Math.log1p(x - 1);
  let shifted = 0;
  let z = x;
  for (; z < farEnough64; z++) shifted += Math.log(z);
  const tail = polynomial(1 / (z * z), series64[0]!) / z;
  return (z - 0.5) * Math.log(z) - z + halfLog2Pi + tail - shifted;
}

/** x where that is far enough for the series, else `by` more; and the condition for it. */
export function shiftUp(e: Emitter, x: string, by: number): { z: string; near: string } {
  const near = e.node('Less', [x, e.float(by)]);
  return { z: e.node('Where', [near, e.node('Add', [x, e.float(by)]), x]), near };
}

/** x, x + 1, …, x + count − 1. */
export const successors = (e: Emitter, x: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i === 0 ? x : e.node('Add', [x, e.float(i)])));

/** Product of all factors. */
export const product = (e: Emitter, factors: readonly string[]): string =>
  factors.reduce((a, b) => e.node('Mul', [a, b]));
const total = (e: Emitter, terms: readonly string[]): string => terms.reduce((a, b) => e.node('Add', [a, b]));
const times = (e: Emitter, x: string, factor: number): string => e.node('Mul', [x, e.float(factor)]);
const orZero = (e: Emitter, condition: string, x: string): string => e.node('Where', [condition, x, e.float(0)]);

function emitLgamma(e: Emitter, x: string): string {
  const { z, near } = shiftUp(e, x, farEnough32);
  const r = e.node('Reciprocal', [z]);
  const tail = e.node('Mul', [r, horner(e, e.node('Mul', [r, r]), stirling(-1, 4))]);
  const main = e.node('Sub', [e.node('Mul', [e.node('Sub', [z, e.float(0.5)]), e.node('Log', [z])]), z]);
  const shifted = e.node('Log', [e.node('Where', [near, product(e, successors(e, x, farEnough32)), e.float(1)])]);
  return e.node('Sub', [e.node('Add', [main, e.node('Add', [tail, e.float(halfLog2Pi)])]), shifted]);
}

function emitPolygamma(order: number, e: Emitter, x: string): string {
  const { z, near } = shiftUp(e, x, farEnough32);
  const r = e.node('Reciprocal', [z]);
  const u = e.node('Mul', [r, r]);
  const rest = e.node('Mul', [u, horner(e, u, stirling(order, 5))]);
  const inverse = successors(e, x, farEnough32).map((v) => {
    const one = e.node('Reciprocal', [v]);
    return product(e, new Array<string>(order + 1).fill(one));
  });
  const shifted = orZero(e, near, times(e, total(e, inverse), factorial(order)));
  if (order === 0) {
    const far = e.node('Sub', [e.node('Sub', [e.node('Log', [z]), times(e, r, 0.5)]), rest]);
    return e.node('Sub', [far, shifted]);
  }
  const n = factorial(order);
  const sum = e.node('Add', [e.node('Add', [times(e, r, 0.5 * n), e.float(n / order)]), rest]);
  const far = product(e, [...new Array<string>(order).fill(r), sum]);
  return times(e, e.node('Add', [far, shifted]), signOf(order));
}

const polygammaOps = new Map<number, Primitive<null>>();

/** ψ_order(x), the derivative of order + 1 of log Γ, for x > 0 and order ≥ 0; its gradient is the next one. */
export function polygamma(order: number): (x: Tensor) => Tensor {
  const known = polygammaOps.get(order);
  const op =
    known ??
    defineElementwise({
      name: ['digamma', 'trigamma'][order] ?? `polygamma${order}`,
      value: (x) => polygammaValue(order, x),
      grad: (g, [x]) => [mul(g, polygamma(order + 1)(x!))],
      onnx: (e, [x]) => emitPolygamma(order, e, x!),
    });
  polygammaOps.set(order, op);
  return unary(op) as (x: Tensor) => Tensor;
}

/** Derivative of log Γ, for x > 0. */
export const digamma = polygamma(0);

/** Second derivative of log Γ, for x > 0. */
export const trigamma = polygamma(1);

/** log Γ(x) for x > 0; its gradient is `digamma`. */
export const lgamma = unary(
  defineElementwise({
    name: 'lgamma',
    value: lgammaValue,
    grad: (g, [x]) => [mul(g, digamma(x!))],
    onnx: (e, [x]) => emitLgamma(e, x!),
  }),
);
