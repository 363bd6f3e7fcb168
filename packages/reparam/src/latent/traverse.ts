import { type Float32Tensor, type HostTensor, hostTensor, ReparamError } from '@reparam/tensor';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { decodeMeans } from './decodeMeans.ts';
import { requireCodes } from './mapRows.ts';
import type { LatentOptions } from './options.ts';
import { priorScale } from './priorScale.ts';

/** Which dimensions are varied, how far and around which code. */
export interface TraverseOptions extends LatentOptions {
  /** The code that is varied [1, latentDim]; default the prior's mean. */
  readonly around?: HostTensor;
  /** Latent dimensions to vary, in this order; default all. */
  readonly dims?: readonly number[];
  /** Ends of the range, in standard deviations of the prior: quantiles 0.0013 and 0.9987 for the default, 3. */
  readonly range?: number;
  /** Values of each dimension; default 11. */
  readonly steps?: number;
}

/** Codes that differ in one dimension at a time and what they decode to, float32. */
export interface Traversal {
  readonly dims: readonly number[];
  /** Codes [dims × steps, latentDim], one dimension after another. */
  readonly z: Float32Tensor;
  /** Their decoded means [dims × steps, dataSize]. */
  readonly mean: Float32Tensor;
}

/** Latent dimensions from the one that carries most information (largest KL) to the one that carries least. */
export const dimensionsByKl = (klPerDimension: readonly number[]): number[] =>
  [...klPerDimension.keys()].sort((a, b) => klPerDimension[b]! - klPerDimension[a]!);

/**
 * Decodes `around` with one latent dimension at a time moved through the prior's range.
 * @example await traverse(model, params, { runtime, dims: dimensionsByKl(evaluation.klPerDimension!).slice(0, 10) });
 */
export async function traverse(model: LatentModel, params: HostParams, options: TraverseOptions): Promise<Traversal> {
  const { latentDim } = model;
  const { around, dims = [...Array(latentDim).keys()], range = 3, steps = 11, ...decoding } = options;
  if (around) requireCodes(around, latentDim);
  const wrong = dims.find((dim) => !Number.isInteger(dim) || dim < 0 || dim >= latentDim);
  if (wrong !== undefined || dims.length === 0) {
    throw new ReparamError('config', 'latent dimensions to traverse', {
      got: wrong === undefined ? 'none' : String(wrong),
      expected: `numbers from 0 to ${latentDim - 1}`,
    });
  }
  if (!Number.isInteger(steps) || steps < 2 || !(range > 0 && Number.isFinite(range))) {
    throw new ReparamError('config', 'steps and range of a traversal', {
      got: `${steps} steps, range ${range}`,
      expected: 'at least 2 steps and a positive range',
    });
  }
  const value = priorScale(model, params, options.condition);
  const start = around
    ? Array.from(around.data.slice(0, latentDim), Number)
    : dimensions(latentDim, (i) => value(i, 0));
  const data = new Float32Array(dims.length * steps * latentDim);
  dims.forEach((dim, d) => {
    for (let k = 0; k < steps; k++) {
      const code = (d * steps + k) * latentDim;
      data.set(start, code);
      data[code + dim] = value(dim, range * ((2 * k) / (steps - 1) - 1));
    }
  });
  const z = hostTensor(data, [dims.length * steps, latentDim]);
  return { dims, z, mean: await decodeMeans(model, params, z, decoding) };
}

const dimensions = (count: number, fn: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => fn(i));
