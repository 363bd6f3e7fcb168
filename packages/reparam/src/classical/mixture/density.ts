import { foldIn, key, normalArray, ReparamError, uniformArray } from '@reparam/tensor';
import { checkMatrix, type DataMatrix } from '../moments.ts';

/** Whether the components of a mixture correlate the dimensions. */
export type MixtureCovariance = 'full' | 'diagonal';

/** The parameters of Σ_k π_k N(m_k, L_k L_k'). */
export interface MixtureParams {
  readonly covariance: MixtureCovariance;
  /** π, [K], summing to 1. */
  readonly weights: Float64Array;
  /** m, [K, D]. */
  readonly means: Float64Array;
  /** L, lower triangular [K, D, D]; its diagonal [K, D] where the covariance is diagonal. */
  readonly cholesky: Float64Array;
}

/** A mixture of Gaussians: density, responsibilities and draws. */
export interface MixtureOfGaussians extends MixtureParams {
  readonly numComponents: number;
  /** D. */
  readonly width: number;
  /** log p(x) of each row, nats. */
  logProb(data: DataMatrix): Float64Array;
  /** p(k given x), [rows, K]. */
  responsibilities(data: DataMatrix): Float64Array;
  /** `n` draws, [n, D]; draw i is the same whatever `n` is. */
  sample(n: number, seed: number): Float64Array;
}

/** The mixture of `params`. Throws `shape` when the arrays do not fit each other. */
export function mixtureOfGaussians(params: MixtureParams): MixtureOfGaussians {
  const { weights, means, cholesky, covariance } = params;
  const numComponents = weights.length;
  const width = means.length / numComponents;
  const size = covariance === 'full' ? width * width : width;
  if (!Number.isInteger(width) || cholesky.length !== numComponents * size) {
    throw new ReparamError('shape', 'parameters of a mixture do not fit each other', {
      got: `${numComponents} weights, ${means.length} means, ${cholesky.length} entries of Cholesky factors`,
      expected: `${numComponents} × D means and ${numComponents} × ${covariance === 'full' ? 'D × D' : 'D'} entries`,
    });
  }
  return {
    ...params,
    numComponents,
    width,
    logProb: (data) => {
      const out = new Float64Array(data.rows);
      eachJoint(params, checkMatrix(data, width), (row, logJoint) => {
        out[row] = logSumExp(logJoint);
      });
      return out;
    },
    responsibilities: (data) => {
      const out = new Float64Array(data.rows * numComponents);
      eachJoint(params, checkMatrix(data, width), (row, logJoint) => {
        const total = logSumExp(logJoint);
        for (let k = 0; k < numComponents; k++) out[row * numComponents + k] = Math.exp(logJoint[k]! - total);
      });
      return out;
    },
    sample(n, seed) {
      const source = foldIn(key(seed), 'mixture');
      const choices = uniformArray(foldIn(source, 'component'), n);
      const noise = normalArray(foldIn(source, 'noise'), n * width);
      const out = new Float64Array(n * width);
      for (let i = 0; i < n; i++) {
        const k = pick(weights, choices[i]!);
        const eps = noise.subarray(i * width, (i + 1) * width);
        for (let a = 0; a < width; a++) {
          let value = means[k * width + a]!;
          if (covariance === 'diagonal') value += cholesky[k * width + a]! * eps[a]!;
          else for (let b = 0; b <= a; b++) value += cholesky[k * size + a * width + b]! * eps[b]!;
          out[i * width + a] = value;
        }
      }
      return out;
    },
  };
}

/** Calls `visit` for every row with log π_k N(x; m_k, L_k L_k') of each component, in an array that is used again. */
export function eachJoint(
  { weights, means, cholesky, covariance }: MixtureParams,
  { data, rows, columns: width, scale = 1 }: DataMatrix,
  visit: (row: number, logJoint: Float64Array) => void,
): void {
  const components = weights.length;
  const isFull = covariance === 'full';
  const stride = isFull ? width * width : width;
  const constants = Float64Array.from({ length: components }, (_, k) => {
    let log = Math.log(weights[k]!) - (width / 2) * Math.log(2 * Math.PI);
    for (let a = 0; a < width; a++) log -= Math.log(cholesky[k * stride + (isFull ? a * width + a : a)]!);
    return log;
  });
  const joint = new Float64Array(components);
  const solved = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    const from = row * width;
    for (let k = 0; k < components; k++) {
      const mean = k * width;
      let square = 0;
      for (let a = 0; a < width; a++) {
        let residual = data[from + a]! * scale - means[mean + a]!;
        const line = isFull ? k * stride + a * width : 0;
        if (isFull) for (let b = 0; b < a; b++) residual -= cholesky[line + b]! * solved[b]!;
        const standard = residual / cholesky[isFull ? line + a : mean + a]!;
        solved[a] = standard;
        square += standard * standard;
      }
      joint[k] = constants[k]! - square / 2;
    }
    visit(row, joint);
  }
}

/** log Σ exp, with the maximum taken out. */
export function logSumExp(values: Float64Array): number {
  let peak = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > peak) peak = value;
  if (peak === Number.NEGATIVE_INFINITY) return peak;
  let sum = 0;
  for (const value of values) sum += Math.exp(value - peak);
  return peak + Math.log(sum);
}

/** The first k at which the cumulated weights exceed u. */
export function pick(weights: Float64Array, u: number): number {
  let left = u * weights.reduce((sum, value) => sum + value, 0);
  for (let k = 0; k < weights.length; k++) {
    left -= weights[k]!;
    if (left < 0) return k;
  }
  return weights.length - 1;
}
