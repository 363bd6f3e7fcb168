import { type Float32Tensor, type HostTensor, mean, ReparamError, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { AnyDataset } from '../data/index.ts';
import { analyticKl, Independent } from '../distributions/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import { boundRows } from './bound.ts';
import { evaluationDraw, requireData } from './evaluate.ts';
import { importanceLogLikelihood } from './importance.ts';
import { perValueLogProb } from './perValue.ts';
import { compileRows, type RowsOptions } from './rows.ts';

/** How examples are scored. */
export interface ExampleScoresOptions extends RowsOptions {
  /** Importance samples an example for the log-likelihood; 0 leaves it out. Default 500. */
  readonly numSamples?: number;
  /** Draws of z an example behind the distortion, and the rate where that has no closed form; default 8. */
  readonly numDraws?: number;
  readonly seed?: number;
  readonly onProgress?: (share: number) => void;
  readonly signal?: AbortSignal;
}

const defaultDraws = 8;

/** Figures of every example, nats, [n] each. */
export interface ExampleScores {
  /** Importance-sampled, or the bound itself where that is exact; absent when no samples were asked for, or nothing is bounded. */
  readonly logLikelihood?: Float64Array;
  /** Standard error of the importance-sampled log-likelihood, by the delta method. */
  readonly standardError?: Float64Array;
  /** −distortion − rate; of an autoencoder, which bounds nothing, the log-likelihood of the reconstruction. */
  readonly elbo: Float64Array;
  readonly rate: Float64Array;
  readonly distortion: Float64Array;
}

/** What the bound of every example is made of, nats. */
export interface ExampleParts {
  /** E log p(x_i given z) of each value i, [n, D]: the rows add to −distortion. Absent where values are not independent given z. */
  readonly logLikelihood?: Float32Tensor;
  /** KL of each latent dimension, [n, latentDim]: the rows add to the rate. Absent for posteriors or priors that do not factorise. */
  readonly kl?: Float32Tensor;
}

/** Log-likelihood of every example, and the bound with its two terms. */
export async function exampleScores(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: ExampleScoresOptions,
): Promise<ExampleScores> {
  const { numSamples = 500, numDraws = defaultDraws, seed = 0, onProgress, signal } = options;
  const terms = await rowsOf(model, params, dataset, options, (p, x, context) => {
    const { elbo, rate, distortion } = boundRows(model, numDraws)(p, x, context) as Record<string, Tensor>;
    return { elbo: elbo!, rate: rate!, distortion: distortion! };
  });
  const numbers = (name: string) => Float64Array.from((terms[name] as HostTensor).data as Float32Array);
  const run = { seed, draw: evaluationDraw, signal };
  const sampled =
    numSamples > 0 && (model.bound ?? 'lower') === 'lower'
      ? await importanceLogLikelihood(model, params, dataset, { ...options, ...run, numSamples, onProgress })
      : undefined;
  return {
    ...sampled,
    ...(model.bound === 'exact' && { logLikelihood: numbers('elbo') }),
    elbo: numbers('elbo'),
    rate: numbers('rate'),
    distortion: numbers('distortion'),
  };
}

/** The terms of `exampleScores` in parts, from the same draws; `unsupported` where neither term has any. */
export async function exampleParts(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  options: ExampleScoresOptions,
): Promise<ExampleParts> {
  const { numDraws = defaultDraws } = options;
  const parts = await rowsOf(model, params, dataset, options, (p, x, context) => {
    const q = model.encode(p, x, context);
    const prior = model.prior(p, context);
    const { value: z } = q.rsampleWithLogProb(context.site('z'), [numDraws]);
    const values = perValueLogProb(model.decode(p, z, context), x);
    const kl = q instanceof Independent && prior instanceof Independent ? analyticKl(q.base, prior.base) : undefined;
    if (values || kl) return { ...(values && { logLikelihood: mean(values, { axes: 0 }) }), ...(kl && { kl }) };
    throw new ReparamError('unsupported', 'the bound of this model has no parts', {
      got: 'a likelihood whose values depend on each other given z, and a posterior or prior that does not factorise',
    });
  });
  return parts as ExampleParts;
}

async function rowsOf(
  model: LatentModel,
  params: HostParams,
  dataset: AnyDataset,
  { seed = 0, signal, ...options }: ExampleScoresOptions,
  fn: (params: SymbolicParams, x: Tensor, context: Context) => Record<string, Tensor>,
): Promise<Record<string, HostTensor>> {
  requireData(model, dataset, options.binarization);
  const batchSize = Math.min(options.batchSize ?? 100, dataset.size);
  const program = await compileRows(fn, params, dataset, { ...options, batchSize });
  return program.run(params, { seed, draw: evaluationDraw, signal }).finally(() => program.dispose());
}
