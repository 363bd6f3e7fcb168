import {
  compileStep,
  type HostTensor,
  hostTensor,
  type StepProgram,
  spec,
  specsOf,
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
  subset,
  widthOf,
} from '../data/index.ts';
import { evaluationDraw, requireData } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import { checkImpute, type Imputations, type ImputeOptions } from './imputeOptions.ts';
import { type Chain, imputeStep } from './imputeStep.ts';

const stepsPerCall = 10;

/**
 * Draws the missing values of every example given the known ones, by chains over code and missing values: z' ~ q(z given x),
 * accepted with probability min(1, p(x, z') q(z given x)/(p(x, z) q(z' given x))) (Metropolis within Gibbs, Mattei and Frellsen
 * 2018) or always (pseudo-Gibbs, Rezende et al. 2014), then missing values from p(x given z). The first quarter of the steps is
 * pseudo-Gibbs in both.
 *
 * @example await impute(model, params, data, { runtime, missing: missingValues(data.shape, 'left', 1), draws: 5, sweeps: 100 })
 */
export async function impute(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: ImputeOptions,
): Promise<Imputations> {
  const { runtime, draws, sweeps, missing, start, binarization = 'none', seed = 0, onProgress, signal } = options;
  requireData(model, dataset, binarization);
  checkImpute(model, dataset, options);
  const { size } = dataset;
  const [width, latentDim] = [widthOf(dataset), model.latentDim];
  const corrected = options.method !== 'gibbs';
  // The chains of an example are rows of their own, with noise of their own.
  const chains = subset(
    dataset,
    Int32Array.from({ length: size * draws }, (_, chain) => Math.floor(chain / draws)),
  );
  const batchSize = Math.min(options.batchSize ?? 100, chains.size);
  const buffer = batchBuffer(chains, { steps: 1, batchSize, binarization });
  type Shared<T> = {
    readonly params: T extends Tensor ? SymbolicParams : HostParams;
    readonly missing: T;
  } & Examples<T>;
  type Flags<T> = { readonly always: T; readonly kept: T };
  let hasValues = false as boolean;
  const step = (
    chain: Chain<Tensor>,
    flags: Flags<Tensor>,
    trace: Parameters<typeof traceContext>[0],
    { params: p, missing: isMissing, ...examples }: Shared<Tensor>,
  ) => {
    const { x: truth, condition } = exampleValues(examples, buffer);
    const context = traceContext(trace, false, { condition });
    const given = { truth, missing: isMissing, ...flags };
    const next = imputeStep(model, p, chain, given, { corrected, context });
    hasValues = next.hasValues;
    return { state: next.chain, outputs: {} };
  };
  const zeros = (...shape: number[]) => hostTensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
  const [rowsOfValues, numbers] = [zeros(batchSize, width), zeros(batchSize)];
  const blank: Chain<HostTensor> = {
    x: rowsOfValues,
    z: zeros(batchSize, latentDim),
    mean: rowsOfValues,
    meanSum: rowsOfValues,
    peak: { ...numbers, data: new Float32Array(batchSize).fill(-1e30) },
    total: numbers,
    accepted: numbers,
  };
  const program = (await compileStep(
    step as never,
    {
      state: specsOf(blank),
      batch: { always: spec([1]), kept: spec([1]) },
      shared: { params: specsOf(params), missing: spec([batchSize, width]), ...exampleSpecs(buffer, batchSize) },
    },
    { runtime },
  )) as unknown as StepProgram<Chain<HostTensor>, Flags<HostTensor>, Record<string, never>, Shared<HostTensor>>;

  const truth = new Float32Array(size * width);
  const all = { draws: new Float32Array(chains.size * width), drawMeans: new Float32Array(chains.size * width) };
  const mean = new Float32Array(size * width);
  const weights = { peak: new Float64Array(chains.size), total: new Float64Array(chains.size) };
  let accepted = 0;
  const burnIn = Math.floor(sweeps / 2);
  const freely = Math.max(1, Math.floor(sweeps / 4));
  const keptSteps = sweeps - burnIn;
  const order = Int32Array.from({ length: chains.size }, (_, i) => i);
  try {
    for (let first = 0; first < chains.size; first += batchSize) {
      const { rows } = fillBatches(buffer, chains, order, first, { binarization, seed, draw: evaluationDraw });
      const isMissing = Float32Array.from({ length: batchSize * width }, (_, i) => {
        const row = Math.floor(buffer.rows[Math.floor(i / width)]! / draws);
        return missing[missing.length === width ? i % width : row * width + (i % width)]!;
      });
      const seen = Float32Array.from(buffer.data, (value) => value * buffer.scale);
      let state: Chain<HostTensor> = {
        ...blank,
        x: hostTensor(
          seen.map((value, i) => (isMissing[i] ? (start?.[i % width] ?? 0) : value)),
          [batchSize, width],
        ),
      };
      const shared = {
        params,
        missing: hostTensor(isMissing, [batchSize, width]),
        ...exampleTensors(buffer, [batchSize]),
      };
      for (let from = 0; from < sweeps; from += stepsPerCall) {
        signal?.throwIfAborted();
        const steps = Math.min(stepsPerCall, sweeps - from);
        const flag = (isSet: (at: number) => boolean) =>
          hostTensor(
            Float32Array.from({ length: steps }, (_, i) => (isSet(from + i) ? 1 : 0)),
            [steps, 1],
          );
        const flags = { always: flag((at) => at < freely), kept: flag((at) => at >= burnIn) };
        const noise = {
          seed,
          rows: Int32Array.from({ length: steps * batchSize }, (_, i) => buffer.rows[i % batchSize]!),
          draws: Int32Array.from({ length: steps * batchSize }, (_, i) => from + Math.floor(i / batchSize)),
        };
        ({ state } = await program.run(state, flags, steps, { shared, noise }));
        onProgress?.(Math.min(1, (first + (rows * (from + steps)) / sweeps) / chains.size));
      }
      const part = (tensor: HostTensor, length: number) => (tensor.data as Float32Array).subarray(0, length);
      all.draws.set(part(state.x, rows * width), first * width);
      all.drawMeans.set(part(state.mean, rows * width), first * width);
      weights.peak.set(part(state.peak, rows), first);
      weights.total.set(part(state.total, rows), first);
      for (let i = 0; i < rows; i++) {
        const row = Math.floor((first + i) / draws);
        for (let j = 0; j < width; j++) {
          const known = seen[i * width + j]!;
          truth[row * width + j] = known;
          const sum = Number(state.meanSum.data[i * width + j]);
          mean[row * width + j]! += isMissing[i * width + j] ? sum / keptSteps / draws : known / draws;
        }
        accepted += Number(state.accepted.data[i]);
      }
    }
  } finally {
    await program.dispose();
  }
  return {
    truth: hostTensor(truth, [size, width]),
    draws: hostTensor(all.draws, [size, draws, width]),
    drawMeans: hostTensor(all.drawMeans, [size, draws, width]),
    mean: hostTensor(mean, [size, width]),
    acceptance: corrected ? accepted / (chains.size * Math.max(1, sweeps - freely)) : 1,
    ...(hasValues && {
      logLikelihood: Float64Array.from({ length: size }, (_, row) => {
        const own = (values: Float64Array) => values.subarray(row * draws, (row + 1) * draws);
        const most = Math.max(...own(weights.peak));
        const sum = own(weights.total).reduce(
          (total, value, k) => total + value * Math.exp(own(weights.peak)[k]! - most),
          0,
        );
        return most + Math.log(sum / (draws * keptSteps));
      }),
    }),
  };
}
