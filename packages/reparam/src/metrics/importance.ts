import {
  add,
  compileStep,
  exp,
  type HostTensor,
  hostTensor,
  max,
  maximum,
  mul,
  type StepProgram,
  specsOf,
  square,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { traceContext } from '../context.ts';
import {
  type AnyDataset,
  batchBuffer,
  type Examples,
  exampleSpecs,
  exampleTensors,
  exampleValues,
  fillBatches,
} from '../data/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import type { RowsOptions, RowsRun } from './rows.ts';

/** How the log-likelihood is sampled. */
export interface ImportanceOptions extends RowsOptions, RowsRun {
  /** Importance samples an example. */
  readonly numSamples: number;
}

/** Importance-sampled log-likelihoods, one an example. */
export interface ImportanceEstimate {
  /** log (1/k) Σ p(x, z_i)/q(z_i given x) of each example, nats. */
  readonly logLikelihood: Float64Array;
  /** Its standard error by the delta method, sd(w) / (mean w · √k). */
  readonly standardError: Float64Array;
}

interface Weights<T> {
  readonly peak: T;
  readonly total: T;
  readonly squares: T;
}

/** Rows and samples of one step: their product is the decoder's batch, small enough for the processor's caches. */
const rowsPerBatch = 32;
const samplesPerStep = 50;

/**
 * Importance-sampled log-likelihood of every example (Burda et al. 2016), in chunks of samples: memory does not grow
 * with `numSamples`. The sums are kept as a running maximum and sums relative to it.
 */
export async function importanceLogLikelihood(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: ImportanceOptions,
): Promise<ImportanceEstimate> {
  const { runtime, numSamples, binarization = 'none', seed, draw, onProgress, signal } = options;
  const batchSize = Math.min(rowsPerBatch, dataset.size);
  const chunk = largestDivisor(numSamples, samplesPerStep);
  const steps = numSamples / chunk;
  const buffer = batchBuffer(dataset, { steps: 1, batchSize, binarization });

  const step = (
    weights: Weights<Tensor>,
    _batch: unknown,
    trace: Parameters<typeof traceContext>[0],
    { params: p, ...examples }: { params: SymbolicParams } & Examples<Tensor>,
  ) => {
    const { x, condition } = exampleValues(examples, buffer);
    const context = traceContext(trace, false, { condition });
    const q = model.encode(p, x, context);
    const { value: z, logProb: logQ } = q.rsampleWithLogProb(context.site('importance'), [chunk]);
    const logJoint = add(model.decode(p, z, context).logProb(x), model.prior(p, context).logProb(z));
    const logWeights = sub(logJoint, logQ);
    const peak = maximum(weights.peak, max(logWeights, { axes: 0 }));
    const rescale = exp(sub(weights.peak, peak));
    const relative = exp(sub(logWeights, peak));
    const total = add(mul(weights.total, rescale), sum(relative, { axes: 0 }));
    const squares = add(mul(weights.squares, square(rescale)), sum(square(relative), { axes: 0 }));
    return { state: { peak, total, squares }, outputs: {} };
  };

  const vector = (value: number) => hostTensor(new Float32Array(batchSize).fill(value), [batchSize]);
  const start = { peak: vector(-1e30), total: vector(0), squares: vector(0) };
  type Shared = { params: HostParams } & Examples<HostTensor>;
  const program = (await compileStep(
    step as never,
    {
      state: specsOf(start),
      batch: {},
      shared: { params: specsOf(params), ...exampleSpecs(buffer, batchSize) },
    },
    { runtime },
  )) as unknown as StepProgram<Weights<HostTensor>, Record<string, never>, Record<string, never>, Shared>;

  const logLikelihood = new Float64Array(dataset.size);
  const standardError = new Float64Array(dataset.size);
  const order = Int32Array.from({ length: dataset.size }, (_, i) => i);
  const rowIds = new Int32Array(steps * batchSize);
  const draws = Int32Array.from({ length: steps * batchSize }, (_, i) => Math.floor(i / batchSize));
  try {
    for (let first = 0; first < dataset.size; first += batchSize) {
      signal?.throwIfAborted();
      const { rows } = fillBatches(buffer, dataset, order, first, { binarization, seed, draw });
      for (let k = 0; k < steps; k++) rowIds.set(buffer.rows, k * batchSize);
      const { state } = await program.run(start, {}, steps, {
        shared: { params, ...exampleTensors(buffer, [batchSize]) },
        noise: { seed, rows: rowIds, draws },
      });
      for (let i = 0; i < rows; i++) {
        const [peak, total, squares] = [state.peak, state.total, state.squares].map((t) => Number(t.data[i])) as [
          number,
          number,
          number,
        ];
        logLikelihood[first + i] = peak + Math.log(total / numSamples);
        standardError[first + i] = Math.sqrt(Math.max(0, squares / total ** 2 - 1 / numSamples));
      }
      onProgress?.(Math.min(1, (first + rows) / dataset.size));
    }
  } finally {
    await program.dispose();
  }
  return { logLikelihood, standardError };
}

function largestDivisor(n: number, limit: number): number {
  for (let d = Math.min(n, limit); d > 1; d--) if (n % d === 0) return d;
  return 1;
}
