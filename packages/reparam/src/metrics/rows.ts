import {
  compile,
  type HostTensor,
  hostTensor,
  type Program,
  type Runtime,
  specsOf,
  type Tensor,
} from '@reparam/tensor';
import { type Context, traceContext } from '../context.ts';
import {
  type AnyDataset,
  type Binarization,
  batchBuffer,
  type Examples,
  exampleSpecs,
  exampleTensors,
  exampleValues,
  fillBatches,
} from '../data/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** How the examples of a set are put through a program. */
export interface RowsOptions {
  readonly runtime: Runtime;
  readonly batchSize?: number;
  readonly binarization?: Binarization;
}

/** What the noise and the bits of a run are drawn from. */
export interface RowsRun {
  readonly seed: number;
  /** How often the rows were presented before; keys the noise and the bits. */
  readonly draw: number;
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A function of one example, ready to be applied to every example of a data set. */
export interface RowsProgram {
  /** Results [size, …] by name, float32. */
  run(params: HostParams, options: RowsRun): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

/** Compiles `fn`, whose results have the batch as first axis, for all rows of `dataset`, a batch at a time. */
export async function compileRows(
  fn: (params: SymbolicParams, x: Tensor, context: Context) => Record<string, Tensor>,
  params: HostParams,
  dataset: AnyDataset,
  { runtime, batchSize = Math.min(500, dataset.size), binarization = 'none' }: RowsOptions,
): Promise<RowsProgram> {
  const buffer = batchBuffer(dataset, { steps: 1, batchSize, binarization });
  type Inputs = { params: HostParams } & Examples<HostTensor>;
  const program = (await compile(
    ((inputs: { params: SymbolicParams } & Examples<Tensor>, trace: Parameters<typeof traceContext>[0]) => {
      const { x, condition } = exampleValues(inputs, buffer);
      return fn(inputs.params, x, traceContext(trace, false, { condition }));
    }) as never,
    { params: specsOf(params), ...exampleSpecs(buffer, batchSize) },
    { runtime },
  )) as unknown as Program<Inputs, Record<string, HostTensor>>;
  const order = Int32Array.from({ length: dataset.size }, (_, i) => i);
  return {
    async run(current, { seed, draw, onProgress, signal }) {
      const collected = new Map<string, HostTensor>();
      for (let start = 0; start < dataset.size; start += batchSize) {
        signal?.throwIfAborted();
        const { rows } = fillBatches(buffer, dataset, order, start, { binarization, seed, draw });
        const results = await program.run(
          { params: current, ...exampleTensors(buffer, [batchSize]) },
          program.noise.length > 0 ? { noise: { seed, rows: buffer.rows, draws: draw } } : {},
        );
        for (const [name, { shape, data }] of Object.entries(results)) {
          const rowSize = data.length / batchSize;
          const all =
            collected.get(name) ??
            hostTensor(new Float32Array(dataset.size * rowSize), [dataset.size, ...shape.slice(1)]);
          collected.set(name, all);
          (all.data as Float32Array).set((data as Float32Array).subarray(0, rows * rowSize), start * rowSize);
        }
        onProgress?.(Math.min(1, (start + rows) / dataset.size));
      }
      return Object.fromEntries(collected);
    },
    dispose: () => program.dispose(),
  };
}
