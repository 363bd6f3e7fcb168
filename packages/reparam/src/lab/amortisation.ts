import {
  add,
  compile,
  compileStep,
  grad,
  type HostTensor,
  hostTensor,
  mean,
  neg,
  ReparamError,
  type StepProgram,
  specsOf,
  sub,
  sum,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import { type Context, traceContext } from '../context.ts';
import {
  batchBuffer,
  type Dataset,
  type Examples,
  exampleSpecs,
  exampleTensors,
  exampleValues,
  fillBatches,
} from '../data/index.ts';
import { analyticKl, Independent, independent, Normal, normal } from '../distributions/index.ts';
import { compileRows, type Estimate, estimate, evaluationDraw, type RowsOptions } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import { adam, declareScalars, type HostScalars, scalarValues } from '../optim/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** How q is fitted to each example. */
export interface AmortisationOptions extends RowsOptions {
  /** Steps of Adam an example gets. */
  readonly steps?: number;
  /** Draws of z a step uses. */
  readonly numSamples?: number;
  readonly learningRate?: number;
  /** Draws of z the ELBOs are measured with: the same for both. */
  readonly measureSamples?: number;
  readonly seed?: number;
  readonly onProgress?: ((share: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** ELBO of the encoder, and of a q of its own for every example. */
export interface AmortisationGap {
  readonly encoder: Estimate;
  readonly fitted: Estimate;
  /** Fitted minus encoder, nats an example; the standard error is that of the differences. */
  readonly gap: Estimate;
  /** One difference an example. */
  readonly differences: Float64Array;
}

type Codes<T> = { readonly loc: T; readonly logVariance: T };

/**
 * The amortisation gap (Cremer, Li & Duvenaud 2018): the ELBO with a diagonal normal q fitted to each example, started at
 * the encoder's, against that of the encoder. Throws `unsupported` unless the encoder's q is a diagonal normal.
 */
export async function amortisationGap(
  model: LatentModel,
  params: HostParams,
  dataset: Dataset,
  options: AmortisationOptions,
): Promise<AmortisationGap> {
  const { seed = 0, binarization = 'none', measureSamples = 200, signal, onProgress } = options;
  const run = { seed, draw: evaluationDraw, signal };
  const encoded = await compileRows(
    (p, x, context) => {
      const { loc, logScale } = diagonalOf(model.encode(p, x, context), model);
      return { loc, logVariance: add(logScale, logScale) };
    },
    params,
    dataset,
    options,
  );
  const start = (await encoded.run(params, run).finally(() => encoded.dispose())) as Codes<HostTensor>;
  const fitted = await fitCodes(model, params, dataset, start, options);
  onProgress?.(1);
  const measure = await measureCodes(model, params, dataset, { ...options, measureSamples, seed, binarization });
  const [before, after] = [await measure.run(start), await measure.run(fitted)];
  await measure.dispose();
  const differences = after.map((value, i) => value - before[i]!);
  return { encoder: estimate(before), fitted: estimate(after), gap: estimate(differences), differences };
}

function diagonalOf(q: unknown, model: LatentModel): Normal {
  if (q instanceof Independent && q.base instanceof Normal) return q.base;
  throw new ReparamError('unsupported', 'the amortisation gap is measured for diagonal normal posteriors', {
    got: model.describe().posterior,
  });
}

/** ELBO [B] of `codes`, each term averaged over draws; the rate in closed form where there is one. */
function elboOf(
  model: LatentModel,
  params: SymbolicParams,
  x: Tensor,
  codes: Codes<Tensor>,
  numSamples: number,
  context: Context,
) {
  const q = independent(normal({ loc: codes.loc, logVariance: codes.logVariance }));
  const p = model.prior(params, context);
  const { value: z, logProb } = q.rsampleWithLogProb(context.site('z'), [numSamples]);
  const logLikelihood = mean(model.decode(params, z, context).logProb(x), { axes: 0 });
  const rate = analyticKl(q, p) ?? mean(sub(logProb, p.logProb(z)), { axes: 0 });
  return sub(logLikelihood, rate);
}

/** Batches of examples with their codes, for a compiled step. */
const rowsPerBatch = 100;

async function fitCodes(
  model: LatentModel,
  params: HostParams,
  dataset: Dataset,
  start: Codes<HostTensor>,
  {
    runtime,
    binarization = 'none',
    steps = 300,
    numSamples = 8,
    learningRate = 0.02,
    seed = 0,
    onProgress,
    signal,
  }: AmortisationOptions,
): Promise<Codes<HostTensor>> {
  const batchSize = Math.min(rowsPerBatch, dataset.size);
  const { latentDim } = model;
  const buffer = batchBuffer(dataset, { steps: 1, batchSize, binarization });
  const optimizer = adam();
  const scalars: HostScalars = new Map();
  const zeros = hostTensor(new Float32Array(batchSize * latentDim), [batchSize, latentDim]);
  const fresh = { codes: { loc: zeros, logVariance: zeros } as HostParams, optimizer: {} as HostParams };
  fresh.optimizer = optimizer.init(fresh.codes);
  type State = typeof fresh;
  type Shared = { params: HostParams } & Examples<HostTensor>;
  const program = (await compileStep(
    ((
      state: { codes: SymbolicParams; optimizer: SymbolicParams },
      _: unknown,
      trace: Trace,
      shared: { params: SymbolicParams } & Examples<Tensor>,
    ) => {
      const { x, condition } = exampleValues(shared, buffer);
      const context = traceContext(trace, false, { condition });
      const bound = elboOf(model, shared.params, x, state.codes as unknown as Codes<Tensor>, numSamples, context);
      // A sum: every example is an optimisation of its own.
      const loss = neg(sum(bound));
      const gradients = grad(loss, state.codes) as SymbolicParams;
      const updated = optimizer.update(gradients, state.optimizer, state.codes, declareScalars(trace, scalars));
      return { state: { codes: updated.params, optimizer: updated.state }, outputs: {} };
    }) as never,
    { state: specsOf(fresh), batch: {}, shared: { params: specsOf(params), ...exampleSpecs(buffer, batchSize) } },
    { runtime },
  )) as unknown as StepProgram<State, Record<string, never>, Record<string, never>, Shared>;

  const out = {
    loc: new Float32Array(dataset.size * latentDim),
    logVariance: new Float32Array(dataset.size * latentDim),
  };
  const order = Int32Array.from({ length: dataset.size }, (_, i) => i);
  const perCall = 50;
  try {
    for (let first = 0; first < dataset.size; first += batchSize) {
      const { rows } = fillBatches(buffer, dataset, order, first, { binarization, seed, draw: evaluationDraw });
      let state: State = { ...fresh, codes: codesOf(start, first, rows, batchSize) };
      for (let done = 0; done < steps; done += perCall) {
        signal?.throwIfAborted();
        const count = Math.min(perCall, steps - done);
        const values = scalarValues(scalars, count, (k) => ({
          // Half a cosine, so that the noise of the draws dies away.
          learningRate: learningRate * 0.5 * (1 + Math.cos((Math.PI * (done + k)) / steps)),
          progress: { step: done + k, stepsPerEpoch: steps, totalSteps: steps },
        }));
        ({ state } = await program.run(state, {}, count, {
          shared: { params, ...exampleTensors(buffer, [batchSize]) },
          noise: {
            seed,
            rows: Int32Array.from({ length: count * batchSize }, (_, i) => buffer.rows[i % batchSize]!),
            draws: Int32Array.from({ length: count * batchSize }, (_, i) => done + Math.floor(i / batchSize)),
          },
          scalars: values,
        }));
      }
      for (const name of ['loc', 'logVariance'] as const) {
        const values = (state.codes[name] as HostTensor).data as Float32Array;
        out[name].set(values.subarray(0, rows * latentDim), first * latentDim);
      }
      onProgress?.((first + rows) / dataset.size);
    }
  } finally {
    await program.dispose();
  }
  const shape = [dataset.size, latentDim];
  return { loc: hostTensor(out.loc, shape), logVariance: hostTensor(out.logVariance, shape) };
}

/** The codes of `rows` examples from `first` on as a batch of `batchSize`, zeros for padding. */
function codesOf({ loc, logVariance }: Codes<HostTensor>, first: number, rows: number, batchSize: number) {
  const pick = ({ data, shape }: HostTensor) => {
    const width = shape[1]!;
    const values = new Float32Array(batchSize * width);
    values.set((data as Float32Array).subarray(first * width, (first + rows) * width));
    return hostTensor(values, [batchSize, width]);
  };
  return { loc: pick(loc), logVariance: pick(logVariance) };
}

/** Measures ELBOs of codes with the same draws for all. */
async function measureCodes(
  model: LatentModel,
  params: HostParams,
  dataset: Dataset,
  { runtime, binarization = 'none', measureSamples = 200, seed = 0 }: AmortisationOptions,
) {
  const batchSize = Math.min(50, dataset.size);
  const { latentDim } = model;
  const buffer = batchBuffer(dataset, { steps: 1, batchSize, binarization });
  const zeros = hostTensor(new Float32Array(batchSize * latentDim), [batchSize, latentDim]);
  const program = await compile(
    ((inputs: { params: SymbolicParams; codes: Codes<Tensor> } & Examples<Tensor>, trace: Trace) => {
      const { x, condition } = exampleValues(inputs, buffer);
      return {
        elbo: elboOf(model, inputs.params, x, inputs.codes, measureSamples, traceContext(trace, false, { condition })),
      };
    }) as never,
    { params: specsOf(params), codes: specsOf({ loc: zeros, logVariance: zeros }), ...exampleSpecs(buffer, batchSize) },
    { runtime },
  );
  const order = Int32Array.from({ length: dataset.size }, (_, i) => i);
  return {
    async run(codes: Codes<HostTensor>): Promise<Float64Array> {
      const out = new Float64Array(dataset.size);
      for (let first = 0; first < dataset.size; first += batchSize) {
        const { rows } = fillBatches(buffer, dataset, order, first, { binarization, seed, draw: evaluationDraw });
        const inputs = {
          params,
          codes: codesOf(codes, first, rows, batchSize),
          ...exampleTensors(buffer, [batchSize]),
        };
        const { elbo } = (await program.run(inputs as never, {
          noise: { seed, rows: buffer.rows, draws: evaluationDraw },
        })) as unknown as { elbo: HostTensor };
        out.set(Float64Array.from((elbo.data as Float32Array).subarray(0, rows)), first);
      }
      return out;
    },
    dispose: () => program.dispose(),
  };
}
