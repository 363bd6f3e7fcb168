import {
  compile,
  flatten,
  type HostTensor,
  interpreter,
  type Runtime,
  symbolicDim,
  type Tensor,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { webRuntime } from '@reparam/tensor/web';
import { beforeAll, describe, expect, test } from 'vitest';
import { unstackRow } from '../src/runtime/stepByStep.ts';
import { differences, float32, isDifferentiable, type Row, rows, run, title, weightsFor } from './conformance/index.ts';
import { train } from './conformance/training.ts';

const runtimes = {
  'onnxruntime-node cpu': () => nodeRuntime(),
  'onnxruntime-web wasm': () => webRuntime({ threads: 1 }),
} as const;

const titled = (list: readonly Row[]) => list.map((row) => [title(row), row] as const);

describe.each(Object.entries(runtimes))('%s against the interpreter', (_, open) => {
  let runtime: Runtime;
  beforeAll(async () => {
    runtime = await open();
  });

  test.each(titled(rows))('%s', async (__, row) => {
    const { value } = await run(row, interpreter);
    const weights = isDifferentiable(row) ? weightsFor(value.shape) : undefined;
    const expected = await run(row, interpreter, weights);
    const actual = await run(row, runtime, weights);
    const tolerance = { ...float32, ...row.tolerance };
    expect(differences(actual.value, expected.value, tolerance)).toEqual([]);
    expect(actual.gradients.length).toBe(expected.gradients.length);
    actual.gradients.forEach((g, i) => {
      expect(differences(g, expected.gradients[i]!, tolerance)).toEqual([]);
    });
  });

  test.each(titled(rows.filter((row) => row.batch?.includes(true))))('batch of unknown size: %s', async (__, row) => {
    const size = row.args[row.batch!.indexOf(true)]!.shape[0]!;
    const specs = row.args.map(({ dtype, shape }, i) => ({
      dtype,
      shape: row.batch![i] ? [symbolicDim('batch'), ...shape.slice(1)] : shape,
    }));
    const fn = (args: Tensor[]) => row.fn(...args);
    const program = await compile(fn, specs, { runtime });
    const reference = await compile(fn, specs, { runtime: interpreter });
    for (const n of new Set([1, size])) {
      const args = row.args.map((t, i) => (row.batch![i] ? firstRows(t, n) : t));
      const expected = await reference.run(args);
      expect(differences(await program.run(args), expected, { ...float32, ...row.tolerance })).toEqual([]);
    }
    await program.dispose();
  });
});

const forms: Record<string, () => Promise<Runtime>> = { interpreter: async () => interpreter, ...runtimes };

describe.each(Object.entries(forms))('seven steps on %s', (_, open) => {
  test('are the same to the last bit in one call and in several', async () => {
    const runtime = await open();
    const whole = await train(runtime, [7]);
    expect(whole.counts).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(whole.state.count.data[0]).toBe(10);
    expect(whole.state.flag).toMatchObject({ dtype: 'bool', shape: [] });
    expect(whole.state.flag.data[0]).toBe(1);
    for (const lengths of [
      [1, 1, 1, 1, 1, 1, 1],
      [1, 2, 4],
      [5, 2],
    ]) {
      expect(await train(runtime, lengths)).toEqual(whole);
    }
  });

  test('learn what the interpreter learns', async () => {
    const expected = await train(interpreter, [7]);
    const actual = await train(await open(), [7]);
    const tolerance = { relative: 2e-6, absolute: 2e-6 };
    for (const [path, value] of flatten<HostTensor>(actual.state)) {
      const reference = flatten<HostTensor>(expected.state).find(([p]) => p === path)![1];
      expect([path, differences(value, reference, tolerance)]).toEqual([path, []]);
    }
    expect(expected.losses[6]!).toBeLessThan(expected.losses[0]!);
  });
});

describe('the native CPU provider', () => {
  test('gives the same bits with one thread and with two, over 20 steps', async () => {
    const [one, two] = await Promise.all([1, 2].map(async (threads) => train(await nodeRuntime({ threads }), [20])));
    expect(two).toEqual(one);
    expect(one!.losses.every(Number.isFinite)).toBe(true);
  });
});

function firstRows(t: HostTensor, n: number): HostTensor {
  const perRow = unstackRow(t, 0).data.length;
  return { ...t, shape: [n, ...t.shape.slice(1)], data: t.data.slice(0, n * perRow) } as HostTensor;
}
