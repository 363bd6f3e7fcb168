import { evaluate, grad, type HostTensor, hostTensor, input, mul, sum, type Tensor } from '@reparam/tensor';
import { describe, expect, test } from 'vitest';
import * as primitives from '../src/primitives/index.ts';
import { topologicalOrder } from '../src/tensor.ts';
import { differences, gradients, isDifferentiable, type Row, rows, title, weightsFor } from './conformance/index.ts';

const inputsOf = (row: Row): Tensor[] => row.args.map(({ dtype, shape }, i) => input(`x${i}`, shape, dtype));
const feedsOf = (values: readonly HostTensor[]) => new Map(values.map((value, i) => [`x${i}`, value]));
const inFloat64 = (t: HostTensor): HostTensor =>
  t.dtype === 'float32' ? { ...t, data: Float64Array.from(t.data as Float32Array) } : t;

/** Σ weights · outputs, differentiated: reverse mode against differences of the outputs, argument by argument. */
function compareWithDifferences(outputs: Tensor[], inputs: Tensor[], values: HostTensor[], weights: HostTensor[]) {
  const terms = outputs.map((y, i) => sum(mul(y, input(`w${i}`, weights[i]!.shape))));
  const total = terms.reduce((a, b) => primitives.add(a, b));
  const floats = inputs.flatMap((t, i) => (t.dtype === 'float32' ? [i] : []));
  const weightFeeds = weights.map((w, i) => [`w${i}`, w] as const);
  const found = evaluate(
    grad(
      total,
      floats.map((i) => inputs[i]!),
    ),
    new Map([...feedsOf(values), ...weightFeeds]),
  );
  const problems: string[] = [];
  floats.forEach((argument, slot) => {
    const { data, shape } = values[argument]!;
    for (let e = 0; e < data.length; e++) {
      const at = (offset: number) => {
        const moved = Float64Array.from(data as Float64Array);
        moved[e]! += offset;
        const shifted = values.with(argument, hostTensor(moved, shape));
        return evaluate(outputs, feedsOf(shifted)).map((t) => t.data as Float64Array);
      };
      // Fourth order: the error is h⁴ f⁽⁵⁾ / 30, and rounding about 1e-16 |f| / h.
      const h = 1e-3 * Math.max(1, Math.abs(Number(data[e])));
      const [a, b, c, d] = [at(-2 * h), at(-h), at(h), at(2 * h)] as const;
      let slope = 0;
      let size = 0;
      weights.forEach((w, k) => {
        w.data.forEach((weight: number | bigint, i: number) => {
          slope += (Number(weight) * (a[k]![i]! - 8 * b[k]![i]! + 8 * c[k]![i]! - d[k]![i]!)) / (12 * h);
          size += Math.abs(Number(weight) * c[k]![i]!);
        });
      });
      const g = Number(found[slot]!.data[e]);
      const noise = (2e-15 * size) / h + 2e-10;
      if (!(Math.abs(g - slope) <= 1e-6 * Math.abs(slope) + noise)) {
        problems.push(`argument ${argument}[${e}]: gradient ${g}, differences ${slope}`);
      }
    }
  });
  return problems;
}

describe('the table', () => {
  test('has a row for every exported operation', () => {
    const known = new Set<string>(rows.map((row) => row.name));
    expect(Object.keys(primitives).filter((name) => !known.has(name))).toEqual([]);
  });

  test('meets every primitive under one name only', () => {
    const byName = new Map<string, Set<unknown>>();
    for (const row of rows) {
      const inputs = inputsOf(row);
      const value = row.fn(...inputs);
      const all = isDifferentiable(row) ? [value, ...gradients(value, primitives.constant(1), inputs)] : [value];
      for (const { op } of topologicalOrder(all)) {
        byName.set(op.name, (byName.get(op.name) ?? new Set()).add(op));
      }
    }
    expect([...byName].filter(([, ops]) => ops.size > 1)).toEqual([]);
    expect(byName.size).toBeGreaterThan(50);
  });
});

describe('gradients against finite differences in float64', () => {
  test.each(rows.filter((row) => row.smooth).map((row) => [title(row), row] as const))('%s', (_, row) => {
    const inputs = inputsOf(row);
    const values = row.args.map(inFloat64);
    const value = row.fn(...inputs);
    const weights = inFloat64(weightsFor(value.shape));
    expect(compareWithDifferences([value], inputs, values, [weights])).toEqual([]);

    // The gradient as a function of the arguments and of what it is multiplied with, differentiated again.
    const cotangent = input(`x${inputs.length}`, weights.shape);
    const first = gradients(value, cotangent, inputs);
    const again = first.map((g) => inFloat64(weightsFor(g.shape)));
    expect(compareWithDifferences(first, [...inputs, cotangent], [...values, weights], again)).toEqual([]);
  });
});

describe('known values and gradients', () => {
  test.each(
    rows.flatMap((row) => (row.exact ? [[title(row), row, row.exact] as const] : [])),
  )('%s', (_, row, exact) => {
    const inputs = inputsOf(row);
    const value = row.fn(...inputs);
    const found = exact.gradients
      ? grad(
          sum(value),
          inputs.filter((t) => t.dtype === 'float32'),
        )
      : [];
    const results = evaluate([value, ...found], feedsOf(row.args));
    [exact.value, ...(exact.gradients ?? [])].forEach((expected, i) => {
      const data = Float64Array.from(expected);
      const actual = { ...results[i]!, data: Float64Array.from(results[i]!.data as Float64Array, Number) };
      const want = { ...actual, data };
      expect(actual.data.length).toBe(data.length);
      expect(differences(actual, want, { relative: 1e-12, absolute: 1e-15 })).toEqual([]);
    });
  });

  test('second derivatives are finite at ±17 and ±100', () => {
    for (const row of rows) {
      if (!row.exact?.gradients?.flat().every(Number.isFinite)) continue;
      const inputs = inputsOf(row);
      const floats = inputs.filter((t) => t.dtype === 'float32');
      const first = grad(sum(row.fn(...inputs)), floats);
      const second =
        floats.length === 0
          ? []
          : grad(
              first.map((g) => sum(g)).reduce((a, b) => primitives.add(a, b)),
              floats,
            );
      const numbers = evaluate(second, feedsOf(row.args)).flatMap((t) => [...(t.data as Float64Array)]);
      expect([title(row), numbers.filter((v) => !Number.isFinite(v))]).toEqual([title(row), []]);
    }
  });

  test('the gradient of a sigmoid does not vanish at −100', () => {
    const x = input('x', []);
    const [g] = evaluate([grad(primitives.sigmoid(x), x)], new Map([['x', hostTensor(Float32Array.of(-100), [])]]));
    expect(Number(g!.data[0]) / 3.720075976020836e-44).toBeCloseTo(1, 12);
  });
});
