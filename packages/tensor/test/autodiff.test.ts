import {
  add,
  evaluate,
  exp,
  grad,
  type HostTensor,
  hostTensor,
  input,
  log,
  matmul,
  mean,
  mul,
  relu,
  sigmoid,
  softplus,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
} from '@reparam/tensor';
import { describe, expect, test } from 'vitest';
import { normals } from './conformance/index.ts';

const scalar = (value: number): HostTensor => hostTensor(Float64Array.of(value), []);
const x = input('x', []);
const y = input('y', []);
const at = (values: Record<string, number>) => new Map(Object.entries(values).map(([k, v]) => [k, scalar(v)]));
const value = (t: Tensor, values: Record<string, number> = { x: 3, y: 2 }): number =>
  Number(evaluate([t], at(values))[0]!.data[0]);

describe('derivatives of scalars', () => {
  test('of every order', () => {
    // The n-th derivative of e^{2x} is 2ⁿ e^{2x}.
    let f = exp(mul(2, x));
    for (let n = 1; n <= 5; n++) {
      f = grad(f, x);
      expect(value(f, { x: 0.5 })).toBeCloseTo(2 ** n * Math.E, 10);
    }
  });

  test('with respect to a tensor in between, and through it', () => {
    const between = mul(x, y);
    const f = add(square(between), x);
    const [inner, outer] = grad(f, [between, x]);
    expect(value(inner!)).toBe(12); // d(b² + x)/db = 2b
    expect(value(outer!)).toBe(25); // 2b·y + 1
  });

  test('of a tensor with respect to itself is 1, and the scalar may be an input', () => {
    expect(value(grad(x, x))).toBe(1);
    const f = mul(x, y);
    expect(value(grad(f, f))).toBe(1);
  });

  test('with respect to what it does not depend on are zeros of its shape', () => {
    const other = input('other', [2, 3]);
    const { a, b } = grad(mul(x, x), { a: other, b: y });
    expect([a.shape, b.shape]).toEqual([[2, 3], []]);
    const [zeros, zero] = evaluate([a, b], at({ x: 3, y: 2 }));
    expect([...(zeros!.data as Float64Array)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Number(zero!.data[0])).toBe(0);
    expect(value(grad(grad(x, x), x))).toBe(0);
  });

  test('keep the structure of what is asked for', () => {
    const gradients = grad(mul(x, y), { first: { x, deep: { y } }, again: x });
    expect(value(gradients.first.x)).toBe(2);
    expect(value(gradients.first.deep.y)).toBe(3);
    expect(value(gradients.again)).toBe(2);
  });
});

describe('hold makes a partial derivative', () => {
  const z = mul(x, y);
  const f = add(mul(z, x), log(z));

  test.each([
    [[], 2 * 3 * 2 + 1 / 3],
    [[z], 2 * 3], // ∂(z·x)/∂x with z fixed
    [[x], 0],
    [[y], 2 * 3 * 2 + 1 / 3],
  ] as const)('%#', (hold, expected) => {
    expect(value(grad(f, x, { hold }))).toBeCloseTo(expected, 12);
  });

  test('only in that derivative', () => {
    const partial = grad(f, x, { hold: [z] });
    expect(value(grad(partial, x))).toBe(2); // the partial derivative is z = x·y, whose own is y
    expect(value(f)).toBeCloseTo(18 + Math.log(6), 12);
  });

  test('the pathwise part of a log-density: parameters held, sample not', () => {
    // log N(z; μ, σ) at z = μ + σ ε: with μ and σ held inside the density its derivative is that of the path alone.
    const [mu, sigma, noise] = [input('mu', []), input('sigma', []), input('noise', [])];
    const sample = add(mu, mul(sigma, noise));
    const logDensity = (m: Tensor, s: Tensor) =>
      sub(mul(-0.5, square(mul(sub(sample, m), exp(mul(-1, log(s)))))), log(s));
    const heldMu = add(mu, 0);
    const heldSigma = add(sigma, 0);
    const [dMu, dSigma] = grad(logDensity(heldMu, heldSigma), [mu, sigma], { hold: [heldMu, heldSigma] });
    const [sMu, sSigma] = grad(logDensity(stopGradient(mu), stopGradient(sigma)), [mu, sigma]);
    const values = { mu: 0.3, sigma: 1.7, noise: -0.8 };
    expect(value(dMu!, values)).toBeCloseTo(0.8 / 1.7, 12); // −ε/σ
    expect(value(dSigma!, values)).toBeCloseTo(-(0.8 ** 2) / 1.7, 12); // −ε²/σ
    expect([value(sMu!, values), value(sSigma!, values)]).toEqual([value(dMu!, values), value(dSigma!, values)]);
  });
});

describe('stopGradient', () => {
  test('keeps the value and stops every derivative', () => {
    const f = mul(stopGradient(square(x)), x);
    expect(value(f)).toBe(27);
    expect(value(grad(f, x))).toBe(9);
    expect(value(grad(grad(f, x), x))).toBe(0);
  });
  test('straight-through: the value of one expression with the gradient of another', () => {
    const f = add(sigmoid(x), stopGradient(sub(relu(x), sigmoid(x))));
    expect(value(f)).toBe(3);
    const s = 1 / (1 + Math.exp(-3));
    expect(value(grad(f, x))).toBeCloseTo(s * (1 - s), 14);
  });
});

describe('a small network', () => {
  const shapes = { w1: [4, 3], b1: [4], w2: [1, 4], b2: [1] };
  const names = Object.keys(shapes) as (keyof typeof shapes)[];
  const params = Object.fromEntries(names.map((k) => [k, input(k, shapes[k])])) as Record<keyof typeof shapes, Tensor>;
  const data = input('data', [5, 3]);
  const network = (t: Tensor) =>
    matmul(tanh(matmul(t, params.w1, { transB: true, bias: params.b1 })), params.w2, { transB: true, bias: params.b2 });
  const inFloat64 = ({ shape, data: d }: HostTensor) => hostTensor(Float64Array.from(d as Float32Array), shape);
  const feeds = new Map<string, HostTensor>([
    ...names.map((k, i) => [k, inFloat64(normals(shapes[k], i))] as const),
    ['data', inFloat64(normals([5, 3], 7))],
  ]);

  test('the gradient of a gradient penalty is that of its differences', () => {
    // A loss that contains the gradient of the network with respect to its input.
    const slopes = grad(sum(softplus(network(data))), data);
    const penalty = mean(square(sub(sum(square(slopes), { axes: 1 }), 1)));
    const gradients = grad(penalty, params);
    for (const name of names) {
      const [found] = evaluate([gradients[name]], feeds);
      const original = feeds.get(name)!;
      original.data.forEach((_: number | bigint, i: number) => {
        const moved = (by: number) => {
          const shifted = Float64Array.from(original.data as Float64Array);
          shifted[i]! += by;
          const [p] = evaluate([penalty], new Map([...feeds, [name, hostTensor(shifted, original.shape)]]));
          return Number(p!.data[0]);
        };
        const h = 1e-3;
        const slope = (moved(-2 * h) - 8 * moved(-h) + 8 * moved(h) - moved(2 * h)) / (12 * h);
        expect(Math.abs(Number(found!.data[i]) - slope)).toBeLessThan(1e-6 * Math.abs(slope) + 1e-9);
      });
    }
  });

  test('second derivatives are symmetric', () => {
    const loss = mean(square(network(data)));
    const { w1, b1 } = grad(loss, params);
    const u = input('u', [4, 3]);
    const v = input('v', [4]);
    const [forth] = evaluate([sum(mul(grad(sum(mul(w1, u)), params.b1), v))], withDirections());
    const [back] = evaluate([sum(mul(grad(sum(mul(b1, v)), params.w1), u))], withDirections());
    expect(Number(forth!.data[0])).toBeCloseTo(Number(back!.data[0]), 12);
    expect(Math.abs(Number(forth!.data[0]))).toBeGreaterThan(1e-3);
  });

  const withDirections = () =>
    new Map([...feeds, ['u', inFloat64(normals([4, 3], 8))], ['v', inFloat64(normals([4], 9))]]);
});
