import { grad, type HostTensor, interpreter, key, normalArray, slice, stack, sum, type Tensor } from '@reparam/tensor';
import {
  actNorm,
  chain,
  coupling,
  type Flow,
  inverseAutoregressive,
  invertFlow,
  linearLu,
  linearQr,
  maskedAutoregressive,
  permute,
  planar,
  radial,
  type SymbolicParams,
  traceContext,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats, numbers } from '../support.ts';
import { perturbed } from './perturb.ts';

const dim = 4;
const rows = 3;
const hidden = [7, 5];

const flows: Readonly<Record<string, Flow>> = {
  actNorm: actNorm(),
  reverse: permute('reverse'),
  shuffle: permute('shuffle', { seed: 3 }),
  parity: permute('parity'),
  linearLu: linearLu({ seed: 1 }),
  linearQr: linearQr(),
  'linearQr, 2 reflections': linearQr({ reflections: 2 }),
  coupling: coupling({ hidden }),
  'coupling, bounded, second kept': coupling({ hidden, activation: 'tanh', keep: 'second', logScaleBound: 2 }),
  maskedAutoregressive: maskedAutoregressive({ hidden, activation: 'tanh' }),
  'maskedAutoregressive, own order': maskedAutoregressive({ hidden, order: [2, 0, 3, 1], logScaleBound: 3 }),
  'maskedAutoregressive, linear': maskedAutoregressive({ hidden: [], order: 'reversed' }),
  inverseAutoregressive: inverseAutoregressive({ hidden, activation: 'gelu' }),
  planar: planar(),
  radial: radial(),
  chain: chain([actNorm(), linearLu({ seed: 2 }), maskedAutoregressive({ hidden }), coupling({ hidden })]),
  'chain of chains': chain([chain([planar(), radial()]), permute('parity')]),
};

const points = (seed: number, size = rows, scale = 1) =>
  floats(
    Float64Array.from(normalArray(key(seed), size * dim), (z) => scale * z),
    [size, dim],
  );
interface Inputs {
  readonly params: SymbolicParams;
  readonly x: Tensor;
  readonly features?: Tensor;
}

describe.each(Object.entries(flows))('%s', (_, flow) => {
  const params = perturbed(flow.init(key(5), dim), 7);

  test('log-determinant = that of the Jacobian by autodiff', async () => {
    const { jacobian, logDet } = await compute({ params, x: points(1) }, ({ params: p, x }: Inputs, trace) => {
      const { value, logDet } = flow.forward(p, x, traceContext(trace, false));
      // Rows do not see each other: the gradient of a column's sum holds that output's derivatives for every row.
      const columns = Array.from({ length: dim }, (_, j) => grad(sum(slice(value, 1, j, j + 1)), x));
      return {
        jacobian: stack(columns, 1),
        logDet: sum(stack([logDet.rank ? logDet : stack(Array(rows).fill(logDet))]), { axes: 0 }),
      };
    });
    const exact = Array.from({ length: rows }, (_, i) => logAbsDet(jacobian.slice(i * dim * dim, (i + 1) * dim * dim)));
    expectClose(logDet, exact, 1e-9);
  });

  test.runIf(flow.inverse)('inverse(forward(x)) = x, and its log-determinant is the negative', async () => {
    const x = points(2, rows, 2);
    const { back, total } = await compute({ params, x }, ({ params: p, x }: Inputs, trace) => {
      const there = flow.forward(p, x, traceContext(trace, false));
      const back = flow.inverse!(p, there.value, traceContext(trace, false));
      return { back: back.value, total: sum(stack([there.logDet, back.logDet]), { axes: 0 }) };
    });
    expectClose(back, numbers(x), 1e-9);
    expectClose(
      total,
      total.map(() => 0),
      1e-9,
    );
  });
});

const withFeatures = {
  coupling: coupling({ hidden }),
  inverseAutoregressive: inverseAutoregressive({ hidden }),
  planar: planar(),
  radial: radial(),
  chain: chain([radial(), inverseAutoregressive({ hidden, order: 'reversed' })]),
};

test.each(Object.entries(withFeatures))('%s depends on features of its own row only', async (_, flow) => {
  const params = perturbed(flow.init(key(5), dim, { features: 2 }), 7);
  const run = (features: readonly number[]) =>
    compute({ params, x: points(1), features: floats(features, [rows, 2]) }, (inputs: Inputs, trace) => ({
      value: flow.forward(inputs.params, inputs.x, traceContext(trace, false), inputs.features).value,
    }));
  const a = await run([1, 2, 3, 4, 5, 6]);
  const b = await run([1, 2, 9, 4, 5, 6]);
  const moved = a.value.map((v, i) => v !== b.value[i]);
  expect(moved.slice(0, dim)).toEqual(Array(dim).fill(false));
  expect(moved.slice(2 * dim)).toEqual(Array(dim).fill(false));
  expect(moved.slice(dim, 2 * dim)).toContain(true);
});

test('Q of the QR flow is orthogonal, and every reflection is in it', async () => {
  const flow = linearQr({ reflections: 3 });
  const params = flow.init(key(8), dim);
  const identity: number[] = Array.from({ length: dim * dim }, (_, i) => (i % (dim + 1) === 0 ? 1 : 0));
  const { value } = await compute({ params, x: floats(identity, [dim, dim]) }, ({ params: p, x }: Inputs, trace) => ({
    value: flow.forward(p, x, traceContext(trace, false)).value,
  }));
  // Row i is Q e_i. The same by reflecting one after the other, the last one first.
  const vectors = numbers(params.reflections as HostTensor);
  const expected: number[] = Array.from({ length: dim }, (_, i) => {
    let x = identity.slice(i * dim, (i + 1) * dim);
    for (let k = 2; k >= 0; k--) {
      const v = vectors.slice(k * dim, (k + 1) * dim);
      const factor = (2 * dot(x, v)) / dot(v, v);
      x = x.map((value, j) => value - factor * v[j]!);
    }
    return x;
  }).flat();
  expectClose(value, expected, 1e-9);
});

test('activation normalisation starts from rows, wherever it is in a chain', async () => {
  const flow = chain([actNorm(), linearLu(), coupling({ hidden }), actNorm(), permute('reverse')]);
  const x = floats(
    Float64Array.from(normalArray(key(1), 50 * dim), (z, i) => 3 + (i % dim) * z + (i % dim === 0 ? i / 50 : 0)),
    [50, dim],
  );
  const params = flow.init(key(2), dim, { rows: x.data as Float64Array });
  const { value } = await compute({ params, x }, ({ params: p, x }: Inputs, trace) => ({
    value: flow.forward(p, x, traceContext(trace, false)).value,
  }));
  for (let j = 0; j < dim; j++) {
    const column = value.filter((_, i) => i % dim === j);
    const mean = column.reduce((a, b) => a + b) / 50;
    expect(Math.abs(mean)).toBeLessThan(1e-6);
    expect(column.reduce((a, b) => a + (b - mean) ** 2, 0) / 50).toBeCloseTo(1, 5);
  }
});

test('a masked autoregressive flow sees no later dimension, and the first none', async () => {
  const order = [2, 0, 3, 1];
  const flow = maskedAutoregressive({ hidden: [9, 9], order });
  const params = perturbed(flow.init(key(1), dim), 2);
  const { jacobian } = await compute({ params, x: points(1) }, ({ params: p, x }: Inputs, trace) => {
    const { value } = flow.forward(p, x, traceContext(trace, false));
    return {
      jacobian: stack(
        Array.from({ length: dim }, (_, j) => grad(sum(slice(value, 1, j, j + 1)), x)),
        1,
      ),
    };
  });
  for (let out = 0; out < dim; out++) {
    for (let from = 0; from < dim; from++) {
      const derivative = jacobian[out * dim + from]!;
      expect(derivative !== 0).toBe(order[from]! <= order[out]!);
    }
  }
});

test('inverted outside the graph, a dimension a pass, also where the graph would refuse', async () => {
  const wide = 70;
  const flow = chain([
    actNorm(),
    maskedAutoregressive({ hidden: [20] }),
    maskedAutoregressive({ hidden: [20], order: 'reversed' }),
  ]);
  const params = perturbed(flow.init(key(5), wide), 7, 0.05);
  const x = floats(Float64Array.from(normalArray(key(3), 2 * wide)), [2, wide]);
  const { z } = await compute({ params, x }, ({ params: p, x }: Inputs, trace) => ({
    z: flow.forward(p, x, traceContext(trace, false)).value,
  }));
  const back = await invertFlow(flow, params, floats(z, [2, wide]), { runtime: interpreter });
  expectClose(numbers(back), numbers(x), 1e-5);
  await expect(
    compute({ params, x }, ({ params: p, x }: Inputs, trace) => ({
      x: flow.inverse!(p, x, traceContext(trace, false)).value,
    })),
  ).rejects.toThrow('got 70 dimensions, so as many passes of the net, expected at most 64');
});

test.each([
  [
    'a coupling of one dimension',
    () => coupling({ hidden }).init(key(0), 1),
    'a coupling halves the vector: got 1 dimension',
  ],
  ['no reflections', () => linearQr({ reflections: 0 }), 'reflections: got 0'],
  [
    'an order that is none',
    () => maskedAutoregressive({ hidden, order: [0, 0, 1, 2] }).init(key(0), 4),
    'each of 0 … 3 once',
  ],
] as const)('%s is refused', (_, make, message) => {
  expect(make).toThrow(message);
});

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((total, v, i) => total + v * b[i]!, 0);

/** log |det| by elimination with pivots. */
function logAbsDet(entries: readonly number[]): number {
  const n = Math.sqrt(entries.length);
  const m = Array.from({ length: n }, (_, i) => entries.slice(i * n, (i + 1) * n));
  let total = 0;
  for (let k = 0; k < n; k++) {
    const pivot = m.slice(k).reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(m[best]![k]!) ? k + i : best), k);
    [m[k], m[pivot]] = [m[pivot]!, m[k]!];
    total += Math.log(Math.abs(m[k]![k]!));
    for (let i = k + 1; i < n; i++) {
      const factor = m[i]![k]! / m[k]![k]!;
      m[i] = m[i]!.map((v, j) => v - factor * m[k]![j]!);
    }
  }
  return total;
}
