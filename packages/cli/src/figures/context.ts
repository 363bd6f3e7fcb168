import type { Float32Tensor, HostTensor, Runtime } from '@reparam/tensor';
import { hostTensor } from '@reparam/tensor';
import {
  type Binarization,
  type Dataset,
  dimensionsByKl,
  type ExampleSet,
  encode,
  evaluate,
  type HostParams,
  type LatentDraws,
  type LatentModel,
  latentDraws,
  take,
} from 'reparam';
import type { ImageSize } from 'reparam/plot';
import { displayRange, imageSizeOf, toGrey } from '../pictures.ts';

/** The model and the data that figures are drawn from. */
export interface FigureSource {
  readonly title: string;
  readonly model: LatentModel;
  readonly params: HostParams;
  readonly runtime: Runtime;
  readonly binarization: Binarization;
  readonly seed: number;
  readonly test: Dataset;
  /** Opened only for figures that need it. */
  readonly train: () => Promise<Dataset>;
  /** KL of each latent dimension over the test set, where it was measured already. */
  readonly klPerDimension?: readonly number[] | undefined;
  readonly signal?: AbortSignal;
}

/** What several figures share, each computed at its first use. */
export interface FigureContext extends FigureSource {
  readonly draws: () => Promise<LatentDraws>;
  /** Absent for posteriors or priors that do not factorise. */
  readonly kl: () => Promise<readonly number[] | undefined>;
  /** Latent dimensions, that of the largest KL (else of the most varied means) first. */
  readonly order: () => Promise<number[]>;
  /** How examples lie in memory as pictures; undefined when they are none. */
  readonly size: ImageSize | undefined;
  readonly grey: (values: HostTensor) => Promise<Float32Array>;
  readonly decoding: { readonly runtime: Runtime; readonly signal?: AbortSignal };
}

/** Examples that decide the KL of the dimensions where it is not known. */
const examplesForKl = 1000;

/** A context whose shared parts are computed once. */
export function figureContext(source: FigureSource): FigureContext {
  const { model, params, runtime, binarization, seed, test, signal } = source;
  const decoding = { runtime, ...(signal && { signal }) };
  const settings = { ...decoding, binarization, seed };
  const draws = once(() => latentDraws(model, params, test, settings));
  const kl = once(async () => {
    if (source.klPerDimension) return source.klPerDimension;
    const some = take(test, Math.min(test.size, examplesForKl));
    return (await evaluate(model, params, some, { ...settings, numSamples: 0 })).klPerDimension;
  });
  const order = once(async () => {
    const known = await kl();
    if (known) return dimensionsByKl(known);
    const { mean } = await encode(model, params, take(test, Math.min(test.size, examplesForKl)), settings);
    return dimensionsByKl(variances(mean, model.latentDim));
  });
  const range = once(async () =>
    model.support === 'binary' ? { min: 0, max: 1 } : displayRange(await source.train()),
  );
  return {
    ...source,
    draws,
    kl,
    order,
    size: imageSizeOf(test.shape),
    grey: async (values) => toGrey(values, await range()),
    decoding,
  };
}

/** The condition of each of the examples `rows` of a conditional model's data, one row each; undefined without conditions. */
export function conditionsOf({ condition }: ExampleSet, rows: readonly number[]): Float32Tensor | undefined {
  if (!condition) return undefined;
  const { data, size, scale } = condition;
  const values = rows.flatMap((row) => Array.from(data.subarray(row * size, (row + 1) * size), (v) => v * scale));
  return hostTensor(Float32Array.from(values), [rows.length, size]);
}

function once<T>(compute: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => {
    value ??= compute();
    return value;
  };
}

function variances({ data }: Float32Tensor, dim: number): number[] {
  const count = data.length / dim;
  return Array.from({ length: dim }, (_, d) => {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < count; i++) {
      sum += data[i * dim + d]! / count;
      squares += data[i * dim + d]! ** 2 / count;
    }
    return squares - sum ** 2;
  });
}
