import { compile, type HostTensor, interpreter, type Runtime, symbolicDim, type Tensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { webRuntime } from '@reparam/tensor/web';
import { beforeAll, describe, expect, test } from 'vitest';
import { unstackRow } from '../src/runtime/stepByStep.ts';
import { differences, float32, isDifferentiable, type Row, rows, run, title, weightsFor } from './conformance/index.ts';

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

function firstRows(t: HostTensor, n: number): HostTensor {
  const perRow = unstackRow(t, 0).data.length;
  return { ...t, shape: [n, ...t.shape.slice(1)], data: t.data.slice(0, n * perRow) } as HostTensor;
}
