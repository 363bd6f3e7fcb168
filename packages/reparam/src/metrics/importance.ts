import {
  add,
  compileStep,
  exp,
  type HostTensor,
  hostTensor,
  max,
  maximum,
  mul,
  type Runtime,
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
import { sumsOutClasses } from '../objectives/classBound.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import { importanceWeights } from './importanceWeights.ts';
import type { RowsOptions, RowsRun } from './rows.ts';

/** How the log-likelihood is sampled. */
export interface ImportanceOptions extends RowsOptions, RowsRun {
  /** Importance samples an example; where classes are summed out, shared among these. */
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
/** The same where each is a pass of its own, through a draw of codes. */
const codesPerStep = 10;
/** Steps of one call of the runtime, whose noise lies in memory. */
const stepsPerCall = 5;
/** Added to the log-weights of samples beyond the last one. */
const noWeight = -1e30;

/** Draws of a whole estimate from which on it is worth opening lanes, which takes some tenths of a second. */
const drawsForLanes = 1_000_000;

/**
 * Importance-sampled log-likelihood of every example (Burda et al. 2016), in chunks of samples: memory does not grow
 * with `numSamples`. The sums are kept as a running maximum and sums relative to it. Batches of examples are shared among
 * the lanes of the runtime, where it has any: the figures do not depend on how many there are.
 */
export async function importanceLogLikelihood(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: ImportanceOptions,
): Promise<ImportanceEstimate> {
  const { runtime, onProgress, signal } = options;
  const numSamples = Math.ceil(options.numSamples / classesOf(model, dataset));
  const isLong = dataset.size * options.numSamples >= drawsForLanes;
  const lanes = isLong ? await runtime.lanes?.() : undefined;
  const logLikelihood = new Float64Array(dataset.size);
  const standardError = new Float64Array(dataset.size);
  let next = 0;
  let done = 0;
  const work = async (own: Runtime) => {
    const batches = await compileBatches(model, params, dataset, { ...options, numSamples, runtime: own });
    try {
      while (next < dataset.size) {
        const first = next;
        next += batches.size;
        const { peak, total, squares } = await batches.run(first);
        const rows = Math.min(batches.size, dataset.size - first);
        for (let i = 0; i < rows; i++) {
          logLikelihood[first + i] = Number(peak.data[i]) + Math.log(Number(total.data[i]) / numSamples);
          const variance = Number(squares.data[i]) / Number(total.data[i]) ** 2 - 1 / numSamples;
          standardError[first + i] = Math.sqrt(Math.max(0, variance));
        }
        done += rows;
        onProgress?.(done / dataset.size);
      }
    } finally {
      next = dataset.size;
      await batches.dispose();
    }
  };
  try {
    // Two batches a lane: the noise of one is drawn while the other is computed.
    const runtimes = lanes?.runtimes.flatMap((lane) => [lane, lane]) ?? [runtime];
    const results = await Promise.allSettled(runtimes.map(work));
    signal?.throwIfAborted();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  } finally {
    await lanes?.close();
  }
  return { logLikelihood, standardError };
}

/** Classes whose draws a sample is made of. */
const classesOf = (model: LatentModel, dataset: AnyDataset): number =>
  sumsOutClasses(model, dataset) ? model.labels!.numLabels : 1;

/** The weights of all samples of a batch of examples. */
interface Batches {
  /** Examples of a batch. */
  readonly size: number;
  /** Of the examples from `first` on. */
  run(first: number): Promise<Weights<HostTensor>>;
  dispose(): Promise<void>;
}

async function compileBatches(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  { runtime, numSamples, binarization = 'none', seed, draw, signal }: ImportanceOptions,
): Promise<Batches> {
  const batchSize = Math.min(rowsPerBatch, dataset.size);
  const perStep = model.codes ? codesPerStep : Math.ceil(samplesPerStep / classesOf(model, dataset));
  const chunk = Math.min(numSamples, perStep);
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
    const logWeights = add(importanceWeights(model, p, x, context, chunk), isSample);
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
  return {
    size: batchSize,
    async run(first) {
      fillBatches(buffer, dataset, order, first, { binarization, seed, draw });
      for (let at = 0; at < rowIds.length; at += batchSize) rowIds.set(buffer.rows, at);
      let state: Weights<HostTensor> = start;
      for (const { isSample, steps: now, draws } of calls) {
        signal?.throwIfAborted();
        ({ state } = await program.run(state, { isSample }, now, {
          shared: { params, ...exampleTensors(buffer, [batchSize]) },
          noise: { seed, rows: rowIds.subarray(0, now * batchSize), draws },
        }));
      }
      return state;
    },
    dispose: () => program.dispose(),
  };
}
