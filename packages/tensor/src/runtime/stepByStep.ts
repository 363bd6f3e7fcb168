import type { Graph, StepGraph } from '../graph.ts';
import { type HostData, type HostTensor, sizeOf } from '../host.ts';
import { singleStep } from '../onnx/lower.ts';
import type { Executable, StepExecutable } from './runtime.ts';

/** Row `index` of a stacked tensor, as a view. */
export function unstackRow({ dtype, shape, data }: HostTensor, index: number): HostTensor {
  const row = shape.slice(1);
  const size = sizeOf(row);
  return { dtype, shape: row, data: data.subarray(index * size, (index + 1) * size) as HostData };
}

/** Joins tensors of one shape along a new first axis. */
export function stackRows(rows: readonly HostTensor[]): HostTensor {
  const [first] = rows as [HostTensor];
  const size = first.data.length;
  const data = new (first.data.constructor as new (n: number) => Float32Array)(size * rows.length);
  rows.forEach((row, i) => {
    data.set(row.data as Float32Array, i * size);
  });
  return { dtype: first.dtype, shape: [rows.length, ...first.shape], data };
}

/** Runs a step as often as asked by calling a plain executable, for runtimes without loops. */
export function stepByStep(load: (graph: Graph) => Promise<Executable>) {
  return async (step: StepGraph): Promise<StepExecutable> => {
    const executable = await load(singleStep(step));
    return {
      async run(state, shared, inputs, steps) {
        let current = new Map(state);
        const collected = new Map<string, HostTensor[]>(step.outputs.map(({ name }) => [name, []]));
        for (let k = 0; k < steps; k++) {
          const feeds = new Map([
            ...current,
            ...shared,
            ...[...inputs].map(([name, t]) => [name, unstackRow(t, k)] as const),
          ]);
          const results = await executable.run(feeds);
          current = new Map(step.state.map(({ name }) => [name, results.get(`${name}'`)!]));
          for (const [name, rows] of collected) rows.push(results.get(name)!);
        }
        const outputs = new Map([...collected].map(([name, rows]) => [name, stackRows(rows)]));
        return { state: current, outputs };
      },
      dispose: () => executable.dispose(),
    };
  };
}
