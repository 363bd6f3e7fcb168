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
  spec,
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
const rowsPerBatch = 16;
const samplesPerStep = 100;
/** Steps of one call of the runtime, whose noise lies in memory. */
const stepsPerCall = 5;
/** Added to the log-weights of samples beyond the last one. */
const noWeight = -1e30;

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
  const chunk = Math.min(numSamples, samplesPerStep);
  const steps = Math.ceil(numSamples / chunk);
  const buffer = batchBuffer(dataset, { steps: 1, batchSize, binarization });

  const step = (
    weights: Weights<Tensor>,
    { isSample }: { isSample: Tensor },
    trace: Parameters<typeof traceContext>[0],
    { params: p, ...examples }: { params: SymbolicParams } & Examples<Tensor>,
  ) => {
    const { x, condition } = exampleValues(examples, buffer);
    const context = traceContext(trace, false, { condition });
    const q = model.encode(p, x, context);
    const { value: z, logProb: logQ } = q.rsampleWithLogProb(context.site('importance'), [chunk]);
    const logJoint = add(model.decode(p, z, context).logProb(x), model.prior(p, context).logProb(z));
    const logWeights = add(sub(logJoint, logQ), isSample);
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
      batch: { isSample: spec([chunk, 1]) },
      shared: { params: specsOf(params), ...exampleSpecs(buffer, batchSize) },
    },
    { runtime },
  )) as unknown as StepProgram<Weights<HostTensor>, { isSample: HostTensor }, Record<string, never>, Shared>;

  const logLikelihood = new Float64Array(dataset.size);
  const standardError = new Float64Array(dataset.size);
  const order = Int32Array.from({ length: dataset.size }, (_, i) => i);
  const calls = Array.from({ length: Math.ceil(steps / stepsPerCall) }, (_, call) => {
    const [from, to] = [call * stepsPerCall, Math.min(steps, (call + 1) * stepsPerCall)];
    const isSample = Float32Array.from({ length: (to - from) * chunk }, (_, i) =>
      from * chunk + i < numSamples ? 0 : noWeight,
    );
    const draws = Int32Array.from({ length: (to - from) * batchSize }, (_, i) => from + Math.floor(i / batchSize));
    return { isSample: hostTensor(isSample, [to - from, chunk, 1]), steps: to - from, draws };
  });
  const rowIds = new Int32Array(Math.min(steps, stepsPerCall) * batchSize);
  try {
    for (let first = 0; first < dataset.size; first += batchSize) {
      const { rows } = fillBatches(buffer, dataset, order, first, { binarization, seed, draw });
      for (let at = 0; at < rowIds.length; at += batchSize) rowIds.set(buffer.rows, at);
      let state: Weights<HostTensor> = start;
      for (const { isSample, steps: now, draws } of calls) {
        signal?.throwIfAborted();
        ({ state } = await program.run(state, { isSample }, now, {
          shared: { params, ...exampleTensors(buffer, [batchSize]) },
          noise: { seed, rows: rowIds.subarray(0, now * batchSize), draws },
        }));
      }
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
