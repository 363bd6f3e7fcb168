import {
  flatten as flattenTree,
  grad,
  type HostTensor,
  interpreter,
  key,
  type Runtime,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  type ActivationName,
  activation,
  activations,
  dropout,
  flatten,
  type HostParams,
  layerNorm,
  linear,
  type Module,
  mlp,
  type SymbolicParams,
  sequential,
  traceContext,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, expectMean, floats, moments } from '../support.ts';

/** Applies a module to rows of vectors; returns the output. */
const apply = async (
  module: Module,
  params: HostParams,
  x: HostTensor,
  training = false,
  seed = 1,
): Promise<number[]> => {
  const { y } = await compute(
    { params, x },
    (inputs: { params: SymbolicParams; x: Tensor }, trace) => {
      const y = module.apply(inputs.params, inputs.x, traceContext(trace, training));
      expect(y.shape.slice(inputs.x.rank - 1)).toEqual(module.outputShape(inputs.x.shape.slice(-1) as number[]));
      return { y };
    },
    { seed },
  );
  return y;
};

const erf = (x: number): number => {
  // Simpson's rule on 2/√π ∫ exp(−t²): the references are written without the library.
  const n = 2000;
  const h = x / n;
  let total = 0;
  for (let i = 0; i <= n; i++) total += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.exp(-((i * h) ** 2));
  return (total * h * 2) / (3 * Math.sqrt(Math.PI));
};
const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const phi = (x: number) => Math.exp(-(x * x) / 2) / Math.sqrt(2 * Math.PI);
const cdf = (x: number) => (Math.abs(x) > 12 ? (x > 0 ? 1 : 0) : (1 + erf(x / Math.SQRT2)) / 2);

/** Value and derivative of every activation, written anew; derivatives at a kink are left out. */
const reference: Record<ActivationName, readonly [value: (x: number) => number, slope: (x: number) => number]> = {
  relu: [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)],
  leakyRelu: [(x) => (x > 0 ? x : x / 100), (x) => (x > 0 ? 1 : 0.01)],
  tanh: [Math.tanh, (x) => 1 / Math.cosh(x) ** 2],
  sigmoid: [logistic, (x) => logistic(x) * logistic(-x)],
  softplus: [(x) => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(0, x), logistic],
  silu: [(x) => x * logistic(x), (x) => logistic(x) + x * logistic(x) * logistic(-x)],
  gelu: [(x) => x * cdf(x), (x) => cdf(x) + x * phi(x)],
  elu: [(x) => (x > 0 ? x : Math.expm1(x)), (x) => (x > 0 ? 1 : Math.exp(x))],
  identity: [(x) => x, () => 1],
};
const ordinary = [-3.1, -1.2, -0.4, 0.3, 0.9, 2.7];
const extreme = [-100, -17, -1e-6, 1e-6, 17, 100];

const runtimes: readonly (readonly [string, () => Promise<Runtime>, number])[] = [
  ['interpreter', async () => interpreter, 1e-10],
  ['onnxruntime-node', () => nodeRuntime(), 2e-6],
];
describe.each(runtimes)('activations on %s', (_, open, tolerance) => {
  test('the table names every activation', () => {
    expect(Object.keys(reference).sort()).toEqual(Object.keys(activations).sort());
  });

  test.each(Object.entries(reference))('%s: value and derivative', async (name, [value, slope]) => {
    const points = [...ordinary, ...extreme];
    const got = await compute(
      { x: floats(points, [points.length, 1]) },
      ({ x }: { x: Tensor }, trace) => {
        const y = activation(name as ActivationName).apply({}, x, traceContext(trace, false));
        return { y, slope: grad(sum(y), x) };
      },
      { runtime: await open() },
    );
    expectClose(got.y, points.map(value), tolerance);
    expectClose(got.slope, points.map(slope), tolerance);
  });
});

describe('linear', () => {
  const weight = [0.5, -1, 2, 0.25, 3, -0.75];
  const params = { weight: floats(weight, [2, 3]), bias: floats([0.1, -0.2]) };
  const by = (x: readonly number[]) =>
    [0, 1].map((j) => x.reduce((t, v, i) => t + v * weight[3 * j + i]!, [0.1, -0.2][j]!));

  test('x Wᵀ + b for rows, and for any axes in front', async () => {
    const rows = [
      [1, 2, 3],
      [-1, 0.5, 0],
      [0, 0, 7],
      [2, 2, -2],
    ];
    const want = rows.flatMap(by);
    expectClose(await apply(linear(2), params, floats(rows.flat(), [4, 3])), want, 1e-14);
    expectClose(await apply(linear(2), params, floats(rows.flat(), [2, 2, 3])), want, 1e-14);
  });

  test('shapes of parameters, and an error for events that are not vectors', () => {
    const made = linear(5).init(key(0), [7]) as Record<string, HostTensor>;
    expect(made.weight!.shape).toEqual([5, 7]);
    expect(made.bias!.shape).toEqual([5]);
    expect(made.bias!.data.every((v) => v === 0)).toBe(true);
    for (const doing of [() => linear(5).init(key(0), [7, 2]), () => linear(5).outputShape([7, 2])]) {
      expect(doing).toThrow(
        'linear layer acts on vectors: got events of shape [7, 2], expected shape [features]. Put flatten()',
      );
    }
  });
});

describe('layer norm', () => {
  const x = [1, 2, 4, 8, -3, 0.5, 0.25, 100];
  const affine = { scale: [2, 1, -1, 0.5], bias: [0, 1, 2, 3] };
  const by = (row: readonly number[], epsilon: number) => {
    const mean = row.reduce((a, b) => a + b) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    return row.map((v, i) => ((v - mean) / Math.sqrt(variance + epsilon)) * affine.scale[i]! + affine.bias[i]!);
  };
  const params = { scale: floats(affine.scale), bias: floats(affine.bias) };

  test.each([1e-5, 0.5])('(x − mean)/√(variance + %d), scaled and shifted, for each row', async (epsilon) => {
    const want = [by(x.slice(0, 4), epsilon), by(x.slice(4), epsilon)].flat();
    expectClose(await apply(layerNorm({ epsilon }), params, floats(x, [2, 4])), want, 1e-12);
    expectClose(await apply(layerNorm({ epsilon }), params, floats(x, [2, 1, 4])), want, 1e-12);
  });

  test('starts as the plain normalisation; a constant row gives zeros and finite gradients', async () => {
    const fresh = layerNorm().init(key(0), [3]);
    const got = await compute(
      { params: fresh, x: floats([5, 5, 5], [1, 3]) },
      (inputs: { params: SymbolicParams; x: Tensor }, trace) => {
        const y = layerNorm().apply(inputs.params, inputs.x, traceContext(trace, true));
        return { y, slope: grad(sum(y), inputs.x) };
      },
    );
    expect(got.y).toEqual([0, 0, 0]);
    expectClose(got.slope, [0, 0, 0], 1e-9);
  });
});

describe('dropout', () => {
  const size = 40_000;
  const ones = floats(new Float64Array(size).fill(1), [4, size / 4]);

  test.each([0.1, 0.5, 0.9])('at rate %d: kept elements are scaled so that the expectation stays', async (rate) => {
    const y = await apply(dropout(rate), {}, ones, true);
    const kept = 1 / (1 - rate);
    expect(y.every((v) => v === 0 || Math.abs(v - kept) < 1e-6 * kept)).toBe(true);
    expectMean(y, 1);
    expectMean(
      y.map((v) => (v === 0 ? 1 : 0)),
      rate,
    );
  });

  test('evaluation and rate 0 leave everything as it is', async () => {
    expect(await apply(dropout(0.5), {}, ones, false)).toEqual([...(ones.data as Float64Array)]);
    expect(await apply(dropout(0), {}, ones, true)).toEqual([...(ones.data as Float64Array)]);
  });

  test('masks of two layers, of two rows and of two seeds differ; the same seed repeats', async () => {
    const two = sequential([dropout(0.5), dropout(0.5)]);
    const y = await apply(two, {}, ones, true);
    // Independent masks: a quarter survives both (the same mask twice would keep a half).
    expectMean(
      y.map((v) => (v > 0 ? 1 : 0)),
      0.25,
    );
    const first = await apply(dropout(0.5), {}, ones, true);
    expect(first.slice(0, 100)).not.toEqual(first.slice(size / 4, size / 4 + 100));
    expect(await apply(dropout(0.5), {}, ones, true, 2)).not.toEqual(first);
    expect(await apply(dropout(0.5), {}, ones, true)).toEqual(first);
  });

  test('samples in front of the batch get masks of their own', async () => {
    const y = await apply(dropout(0.5), {}, floats(new Float64Array(200).fill(1), [2, 1, 100]), true);
    expect(y.slice(0, 100)).not.toEqual(y.slice(100));
  });

  test.each([-0.1, 1, 1.5, Number.NaN])('rate %d is refused', (rate) => {
    expect(() => dropout(rate)).toThrow(`dropout rate: got ${rate}, expected a number from 0 to below 1`);
  });
});

describe('sequential and mlp', () => {
  test('an mlp is its layers by hand', async () => {
    const net = mlp([3, 2], { activation: 'tanh', layerNorm: true, dropout: 0.3 });
    const params = net.init(key(5), [4]);
    const named = Object.fromEntries(flattenTree<HostTensor>(params));
    expect(Object.keys(named)).toEqual([
      '0.weight',
      '0.bias',
      '1.scale',
      '1.bias',
      '4.weight',
      '4.bias',
      '5.scale',
      '5.bias',
    ]);
    const dense = (x: number[], layer: string) => {
      const { data: w, shape } = named[`${layer}.weight`]!;
      return Array.from({ length: shape[0]! }, (_, j) =>
        x.reduce((t, v, i) => t + v * Number(w[j * shape[1]! + i]), 0),
      );
    };
    const normalize = (x: number[]) => {
      const { mean } = moments(x);
      const variance = x.reduce((t, v) => t + (v - mean) ** 2, 0) / x.length;
      return x.map((v) => (v - mean) / Math.sqrt(variance + 1e-5));
    };
    const block = (x: number[], layer: string) => normalize(dense(x, layer)).map(Math.tanh);
    const x = [0.3, -1, 2, 0.7];
    expectClose(await apply(net, params, floats(x, [1, 4])), block(block(x, '0'), '4'), 1e-12);
    expect(net.outputShape([4])).toEqual([2]);
    expect(net.describe([4])).toBe(
      'linear 4 → 3, layer norm, tanh, dropout 0.3, linear 3 → 2, layer norm, tanh, dropout 0.3',
    );
  });

  test('no layers: the identity, without parameters', async () => {
    expect(mlp([]).init(key(0), [2])).toEqual({});
    expect(mlp([]).outputShape([2])).toEqual([2]);
    expect(await apply(mlp([]), {}, floats([1, 2], [1, 2]))).toEqual([1, 2]);
  });

  test('flatten joins the axes of an event', async () => {
    expect(flatten().outputShape([2, 3])).toEqual([6]);
    const { y } = await compute({ x: floats([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]) }, ({ x }: { x: Tensor }, trace) => {
      const y = flatten().apply({}, x, traceContext(trace, false));
      expect(y.shape).toEqual([2, 4]);
      return { y };
    });
    expect(y).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
