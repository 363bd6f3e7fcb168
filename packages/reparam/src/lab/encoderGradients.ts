import {
  compile,
  flatten,
  grad,
  type HostTensor,
  type Program,
  type Runtime,
  specsOf,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import { traceContext } from '../context.ts';
import {
  type Binarization,
  batchBuffer,
  type Dataset,
  type Examples,
  exampleSpecs,
  exampleTensors,
  exampleValues,
  fillBatches,
} from '../data/index.ts';
import type { LatentModel } from '../models/index.ts';
import { elbo, iwae, type Objective } from '../objectives/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** Options of the measurement on a real model. */
export interface EncoderGradientOptions {
  readonly runtime: Runtime;
  /** Examples of the minibatch, the first of the set. */
  readonly batchSize?: number;
  /** Gradients of the same minibatch whose variance is taken. */
  readonly draws?: number;
  readonly seed?: number;
  readonly binarization?: Binarization;
  readonly signal?: AbortSignal | undefined;
}

/** How an estimator of the encoder's gradient varies from draw to draw of z. */
export interface EncoderGradient {
  readonly estimator: string;
  /** What its mean is the gradient of. */
  readonly bound: string;
  /** Draws of z an example that one gradient uses. */
  readonly numSamples: number;
  /** Variance of a parameter's gradient, averaged over the encoder's parameters. */
  readonly variance: number;
  /** Norm of the mean gradient over the root of the summed variances, with the draws' own noise taken out of the mean. */
  readonly signalToNoise: number;
}

const estimators: readonly { name: string; bound: string; numSamples: number; objective: Objective }[] = [
  {
    name: 'score function',
    bound: 'ELBO',
    numSamples: 1,
    objective: elbo({ gradient: 'score-function', baseline: 'none' }),
  },
  {
    name: 'score function, batch baseline',
    bound: 'ELBO',
    numSamples: 1,
    objective: elbo({ gradient: 'score-function', baseline: 'batch' }),
  },
  { name: 'reparameterised', bound: 'ELBO', numSamples: 1, objective: elbo() },
  {
    name: 'score function, leave-one-out',
    bound: 'ELBO',
    numSamples: 5,
    objective: elbo({ gradient: 'score-function', baseline: 'leave-one-out', numSamples: 5 }),
  },
  { name: 'reparameterised', bound: 'ELBO', numSamples: 5, objective: elbo({ numSamples: 5 }) },
  { name: 'reparameterised', bound: 'IWAE', numSamples: 5, objective: iwae({ numSamples: 5 }) },
  {
    name: 'doubly reparameterised',
    bound: 'IWAE',
    numSamples: 5,
    objective: iwae({ numSamples: 5, gradient: 'doubly-reparameterised' }),
  },
];

/** Branches of the parameters that the encoder is made of. */
const encoderBranches = ['encoder', 'posterior'];

/** Variance of the gradient in the encoder's parameters, minibatch fixed, draws of z new each time, estimator by estimator. */
export async function encoderGradients(
  model: LatentModel,
  params: HostParams,
  dataset: Dataset,
  options: EncoderGradientOptions,
): Promise<EncoderGradient[]> {
  const results: EncoderGradient[] = [];
  for (const { name, bound, numSamples, objective } of estimators) {
    options.signal?.throwIfAborted();
    const moments = await gradientMoments(model, params, dataset, objective, options);
    results.push({ estimator: name, bound, numSamples, ...moments });
  }
  return results;
}

async function gradientMoments(
  model: LatentModel,
  params: HostParams,
  dataset: Dataset,
  objective: Objective,
  {
    runtime,
    batchSize = Math.min(100, dataset.size),
    draws = 100,
    seed = 0,
    binarization = 'none',
  }: EncoderGradientOptions,
): Promise<{ variance: number; signalToNoise: number }> {
  const buffer = batchBuffer(dataset, { steps: 1, batchSize, binarization });
  const order = Int32Array.from({ length: batchSize }, (_, i) => i);
  fillBatches(buffer, dataset, order, 0, { binarization, seed, draw: 0 });
  type Inputs = { params: HostParams; weights: HostTensor } & Examples<HostTensor>;
  const weights: HostTensor = { dtype: 'float32', shape: [batchSize], data: buffer.weights };
  const program = (await compile(
    ((inputs: { params: SymbolicParams; weights: Tensor } & Examples<Tensor>, trace: Trace) => {
      const { x, condition } = exampleValues(inputs, buffer);
      const context = {
        ...traceContext(trace, false, { condition, weights: inputs.weights }),
        datasetSize: dataset.size,
        schedule: (schedule: string) => trace.scalar(schedule),
      };
      const { loss } = objective.loss(model, inputs.params, { x, weights: inputs.weights }, context);
      const own = Object.fromEntries(encoderBranches.map((branch) => [branch, inputs.params[branch]!]));
      return { gradients: grad(loss, own as SymbolicParams) };
    }) as never,
    { params: specsOf(params), weights: specsOf(weights), ...exampleSpecs(buffer, batchSize) },
    { runtime },
  )) as unknown as Program<Inputs, { gradients: HostParams }>;
  try {
    let mean: Float64Array | undefined;
    let squares: Float64Array | undefined;
    for (let draw = 0; draw < draws; draw++) {
      const inputs = { params, weights, ...exampleTensors(buffer, [batchSize]) };
      const { gradients } = await program.run(inputs, { noise: { seed, rows: buffer.rows, draws: draw + 1 } });
      const values = flatten<HostTensor>(gradients).flatMap(([, { data }]) => Array.from(data as Float32Array));
      mean ??= new Float64Array(values.length);
      squares ??= new Float64Array(values.length);
      for (let i = 0; i < values.length; i++) {
        const change = values[i]! - mean[i]!;
        mean[i]! += change / (draw + 1);
        squares[i]! += change * (values[i]! - mean[i]!);
      }
    }
    const total = squares!.reduce((sum, each) => sum + each, 0) / (draws - 1);
    const norm = mean!.reduce((sum, each) => sum + each * each, 0) - total / draws;
    return { variance: total / mean!.length, signalToNoise: Math.sqrt(Math.max(0, norm) / total) };
  } finally {
    await program.dispose();
  }
}
