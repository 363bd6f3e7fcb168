import { ReparamError } from '@reparam/tensor';
import { checkMatrix, type DataMatrix } from '../moments.ts';
import type { EmOptions, EmStep } from '../ppcaEm.ts';
import { factor, raiseEigenvalues } from './cholesky.ts';
import {
  eachJoint,
  logSumExp,
  type MixtureCovariance,
  type MixtureOfGaussians,
  type MixtureParams,
  mixtureOfGaussians,
} from './density.ts';
import { nearest, spreadRows } from './start.ts';

/** What a mixture is fitted with. */
export interface MixtureOptions extends EmOptions {
  readonly components: number;
  /** Default `full`. */
  readonly covariance?: MixtureCovariance;
  /** Least eigenvalue of a component's covariance, the squared unit of x: without it the likelihood has no maximum. */
  readonly varianceFloor?: number;
}

/** A fitted mixture, and the bound after each of its steps. */
export interface FittedMixture extends MixtureOfGaussians {
  readonly steps: readonly EmStep[];
}

/**
 * A mixture of Gaussians by expectation maximisation (Dempster, Laird & Rubin 1977) from a k-means++ start, in float64.
 * The E-step sets q(k given x) to the responsibilities, so that the bound is the mean log-likelihood; the M-step sets
 * weights, means and covariances to their maximum under q, covariances with no eigenvalue below the floor: the bound never
 * falls. Throws `config` unless 1 ≤ components ≤ rows.
 *
 * @example fitMixture({ data: codes, rows: 1000, columns: 20 }, { components: 10 }).sample(64, 0)
 */
export function fitMixture(data: DataMatrix, options: MixtureOptions): FittedMixture {
  const { components, covariance = 'full', varianceFloor = 1e-6, seed = 0 } = options;
  const { maxIterations = 200, tolerance = 1e-5, onIteration } = options;
  checkMatrix(data);
  if (!(Number.isInteger(components) && components >= 1 && components <= data.rows)) {
    throw new ReparamError('config', 'components of a mixture', {
      got: `${components} for ${data.rows} examples`,
      expected: `a whole number from 1 to ${data.rows}`,
    });
  }
  if (!(varianceFloor > 0)) {
    throw new ReparamError('config', 'variance floor', { got: `${varianceFloor}`, expected: 'a positive number' });
  }
  const maximiseIn = (q: Float64Array, before?: MixtureParams) => maximise(data, q, covariance, varianceFloor, before);
  let params = maximiseIn(nearest(data, spreadRows(data, components, seed)));
  const steps: EmStep[] = [];
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const before = steps.at(-1)?.bound;
    const { responsibilities, logLikelihood } = expect(params, data);
    steps.push({ iteration, stage: 'E', bound: logLikelihood });
    params = maximiseIn(responsibilities, params);
    const bound = mixtureBound(params, data, responsibilities);
    steps.push({ iteration, stage: 'M', bound });
    onIteration?.(iteration, bound);
    if (before !== undefined && bound - before < tolerance) break;
  }
  return { ...mixtureOfGaussians(params), steps };
}

/** Responsibilities [rows, K], and the mean of log p(x), nats an example. */
export function expect(
  params: MixtureParams,
  data: DataMatrix,
): { responsibilities: Float64Array; logLikelihood: number } {
  const components = params.weights.length;
  const responsibilities = new Float64Array(data.rows * components);
  let sum = 0;
  eachJoint(params, data, (row, logJoint) => {
    const total = logSumExp(logJoint);
    sum += total;
    for (let k = 0; k < components; k++) responsibilities[row * components + k] = Math.exp(logJoint[k]! - total);
  });
  return { responsibilities, logLikelihood: sum / data.rows };
}

/** E_q log p(x, k) + H(q) for any q(k given x) [rows, K], nats an example. */
export function mixtureBound(params: MixtureParams, data: DataMatrix, q: Float64Array): number {
  const components = params.weights.length;
  let sum = 0;
  eachJoint(params, data, (row, logJoint) => {
    for (let k = 0; k < components; k++) {
      const share = q[row * components + k]!;
      if (share > 0) sum += share * (logJoint[k]! - Math.log(share));
    }
  });
  return sum / data.rows;
}

/** Weights, means and covariances of greatest bound under q; a component without examples keeps what it had. */
function maximise(
  { data, rows, columns: width, scale = 1 }: DataMatrix,
  q: Float64Array,
  covariance: MixtureCovariance,
  floor: number,
  before: MixtureParams | undefined,
): MixtureParams {
  const components = q.length / rows;
  const isFull = covariance === 'full';
  const stride = isFull ? width * width : width;
  const weights = new Float64Array(components);
  const means = new Float64Array(components * width);
  const cholesky = new Float64Array(components * stride);
  const centred = new Float64Array(width);
  for (let k = 0; k < components; k++) {
    let total = 0;
    const mean = means.subarray(k * width, (k + 1) * width);
    for (let row = 0; row < rows; row++) {
      const share = q[row * components + k]!;
      if (share === 0) continue;
      total += share;
      for (let a = 0; a < width; a++) mean[a]! += share * data[row * width + a]! * scale;
    }
    weights[k] = total / rows;
    if (total < 1e-9) {
      mean.set(before ? before.means.subarray(k * width, (k + 1) * width) : data.subarray(0, width));
      if (before) cholesky.set(before.cholesky.subarray(k * stride, (k + 1) * stride), k * stride);
      else for (let a = 0; a < width; a++) cholesky[k * stride + (isFull ? a * width + a : a)] = 1;
      continue;
    }
    for (let a = 0; a < width; a++) mean[a]! /= total;
    const second = new Float64Array(stride);
    for (let row = 0; row < rows; row++) {
      const share = q[row * components + k]! / total;
      // A share this small is lost in float64 beside those that sum to 1.
      if (share < 1e-18) continue;
      for (let a = 0; a < width; a++) centred[a] = data[row * width + a]! * scale - mean[a]!;
      for (let a = 0; a < width; a++) {
        const factorA = share * centred[a]!;
        if (!isFull) second[a]! += factorA * centred[a]!;
        else for (let b = 0; b <= a; b++) second[a * width + b]! += factorA * centred[b]!;
      }
    }
    if (isFull) {
      for (let a = 0; a < width; a++) for (let b = 0; b < a; b++) second[b * width + a] = second[a * width + b]!;
      factor(raiseEigenvalues(second, width, floor), width, cholesky, k * stride);
    } else {
      for (let a = 0; a < width; a++) cholesky[k * width + a] = Math.sqrt(Math.max(second[a]!, floor));
    }
  }
  return { covariance, weights, means, cholesky };
}
