import type { Emitter } from '../onnx/emitter.ts';
import { add, mul, neg, sub } from './arithmetic.ts';
import { binary, defineElementwise } from './elementwise.ts';
import { emitLog1p, horner } from './functions.ts';
import { farEnough64, polynomial, product, shiftUp, stirling, successors, trigamma } from './gamma.ts';

// Written as differences of log Γ these lose every digit once one argument is large; here only logarithms of ratios occur.

const halfLog2Pi = 0.5 * Math.log(2 * Math.PI);
const farEnough32 = 4;
const series64 = [-1, 0].map((order) => stirling(order, 10)) as [number[], number[]];

/** What Stirling's series adds to log Γ(z). */
const tailValue = (z: number): number => polynomial(1 / (z * z), series64[0]) / z;

function lbetaValue(a: number, b: number): number {
  if (!(a > 0 && b > 0)) return Number.NaN;
  // B(a, b) = B(a + 1, b) (a + b) / a, and likewise for b.
  let [x, y, shifted] = [a, b, 0];
  for (; x < farEnough64; x++) shifted += Math.log1p(y / x);
  for (; y < farEnough64; y++) shifted += Math.log1p(x / y);
  const main = -x * Math.log1p(y / x) - y * Math.log1p(x / y) + 0.5 * Math.log(1 / x + 1 / y);
  return main + halfLog2Pi + tailValue(x) + tailValue(y) - tailValue(x + y) + shifted;
}

function emitLbeta(e: Emitter, a: string, b: string): string {
  const { z: x, near: nearA } = shiftUp(e, a, farEnough32);
  const { z: y, near: nearB } = shiftUp(e, b, farEnough32);
  const tail = (z: string) => {
    const r = e.node('Reciprocal', [z]);
    return e.node('Mul', [r, horner(e, e.node('Mul', [r, r]), stirling(-1, 4))]);
  };
  // Two ratios at a time: the product of all four could overflow.
  const shifted = (near: string, from: string, other: string) => {
    const ratios = successors(e, from, farEnough32).map((v) => e.node('Div', [e.node('Add', [v, other]), v]));
    const logOf = (pair: string[]) => e.node('Log', [e.node('Where', [near, product(e, pair), e.float(1)])]);
    return e.node('Add', [logOf(ratios.slice(0, 2)), logOf(ratios.slice(2))]);
  };
  const weighted = (u: string, v: string) => e.node('Mul', [u, emitLog1p(e, e.node('Div', [v, u]))]);
  const inverse = e.node('Add', [e.node('Reciprocal', [x]), e.node('Reciprocal', [y])]);
  const main = e.node('Sub', [
    e.node('Mul', [e.node('Log', [inverse]), e.float(0.5)]),
    e.node('Add', [weighted(x, y), weighted(y, x)]),
  ]);
  const tails = e.node('Sub', [e.node('Add', [tail(x), tail(y)]), tail(e.node('Add', [x, y]))]);
  const far = e.node('Add', [main, e.node('Add', [tails, e.float(halfLog2Pi)])]);
  return e.node('Add', [far, e.node('Add', [shifted(nearA, a, b), shifted(nearB, b, x)])]);
}

/** log B(a, b) = log Γ(a) + log Γ(b) − log Γ(a + b) for a, b > 0, without their cancellation. */
export const lbeta = binary(
  defineElementwise({
    name: 'lbeta',
    value: lbetaValue,
    grad: (g, [a, b]) => [neg(mul(g, digammaDifference(a!, b!))), neg(mul(g, digammaDifference(b!, a!)))],
    onnx: (e, [a, b]) => emitLbeta(e, a!, b!),
  }),
);

function digammaDifferenceValue(a: number, b: number): number {
  if (!(a > 0 && b >= 0)) return Number.NaN;
  let [x, shifted] = [a, 0];
  for (; x < farEnough64; x++) shifted += b / (x * (x + b));
  const y = x + b;
  const tail = (z: number) => polynomial(1 / (z * z), series64[1]) / (z * z);
  return Math.log1p(b / x) + (0.5 * b) / (x * y) - tail(y) + tail(x) + shifted;
}

function emitDigammaDifference(e: Emitter, a: string, b: string): string {
  const { z: x, near } = shiftUp(e, a, farEnough32);
  const y = e.node('Add', [x, b]);
  // b / (v (v + b)) as a product of quotients: v² may underflow.
  const part = (v: string) => e.node('Div', [e.node('Div', [b, e.node('Add', [v, b])]), v]);
  const tail = (z: string) => {
    const r = e.node('Reciprocal', [z]);
    const u = e.node('Mul', [r, r]);
    return e.node('Mul', [u, horner(e, u, stirling(0, 5))]);
  };
  const shifted = successors(e, a, farEnough32)
    .map(part)
    .reduce((u, v) => e.node('Add', [u, v]));
  const main = e.node('Add', [emitLog1p(e, e.node('Div', [b, x])), e.node('Mul', [part(x), e.float(0.5)])]);
  const far = e.node('Add', [main, e.node('Sub', [tail(x), tail(y)])]);
  return e.node('Add', [far, e.node('Where', [near, shifted, e.float(0)])]);
}

/** ψ(a + b) − ψ(a) for a > 0, b ≥ 0, as accurate as b / a is when a is large. */
export const digammaDifference = binary(
  defineElementwise({
    name: 'digammaDifference',
    value: digammaDifferenceValue,
    grad: (g, [a, b]) => {
      const atSum = trigamma(add(a!, b!));
      return [mul(g, sub(atSum, trigamma(a!))), mul(g, atSum)];
    },
    onnx: (e, [a, b]) => emitDigammaDifference(e, a!, b!),
  }),
);
