import { ReparamError } from '@reparam/tensor';
import { Matrix } from 'ml-matrix';
import { allPairs, areFew, leadingPairs } from './leadingAxes.ts';
import { type LinearGaussian, linearGaussian } from './linearGaussian.ts';
import { type DataMatrix, type Moments, moments } from './moments.ts';

/** The eigen-decomposition of a covariance, or its beginning: shared by all latent dimensions and noise variances that are tried. */
export interface PrincipalAxes {
  readonly mean: Float64Array;
  /** l_1 ≥ l_2 ≥ …, [D] or the first of them, the squared unit of x. */
  readonly eigenvalues: Float64Array;
  /** Σ of the eigenvalues that are not listed. */
  readonly rest: number;
  /** Row j is the unit eigenvector of l_j, its largest entry positive, [D, D] or the first rows. */
  readonly axes: Float64Array;
}

/** A fitted model with the spectrum of its training covariance, or the beginning of it. */
export interface Ppca extends LinearGaussian {
  readonly eigenvalues: Float64Array;
  /** min(q, number of l_j > s²): how many latent dimensions any maximum of the likelihood uses. */
  readonly activeUnits: number;
}

/** Options of probabilistic PCA. */
export interface PpcaOptions {
  /** A fixed s² instead of the maximum-likelihood one. */
  readonly noiseVariance?: number;
}

/**
 * Eigenvalues, largest first, and axes of a covariance: all of them, or at least the first `count`. Few of many are found by themselves,
 * in a fraction of the time. Throws `data` where the covariance is not finite.
 */
export function principalAxes(
  { mean, covariance }: Pick<Moments, 'mean' | 'covariance'>,
  count = mean.length,
): PrincipalAxes {
  const width = mean.length;
  const total = trace(covariance, width);
  if (!Number.isFinite(total)) {
    throw new ReparamError('data', 'the covariance is not finite', { expected: 'values whose squares are finite' });
  }
  const leading = areFew(count, width) ? leadingPairs(covariance, width, count) : undefined;
  const { values, vectors } = leading ?? allPairs(Matrix.from1DArray(width, width, covariance));
  const axes = new Float64Array(values.length * width);
  vectors.forEach((axis, j) => {
    const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best));
    axes.set(largest < 0 ? axis.map((value) => -value) : axis, j * width);
  });
  const rest = leading
    ? Math.max(
        0,
        values.reduce((sum, value) => sum - value, total),
      )
    : 0;
  return { mean, eigenvalues: Float64Array.from(values), rest, axes };
}

/** Σ of all eigenvalues. */
function trace(covariance: Float64Array, width: number): number {
  let sum = 0;
  for (let i = 0; i < covariance.length; i += width + 1) sum += covariance[i]!;
  return sum;
}

/** min(q, number of l_j > s²): the units that survive in a linear variational autoencoder with fixed s². */
export const activeUnits = (eigenvalues: Float64Array, noiseVariance: number, latentDim = eigenvalues.length): number =>
  Math.min(
    latentDim,
    eigenvalues.reduce((count, value) => count + (value > noiseVariance ? 1 : 0), 0),
  );

/**
 * Probabilistic PCA in closed form (Tipping & Bishop 1999): W = U_q (Λ_q - s² I)₊^½ and, unless it is fixed, s² = mean
 * of the discarded eigenvalues. Throws `config` unless q is an integer from 1 to D (to D - 1 when s² is fitted), `data`
 * when the discarded eigenvalues are all zero.
 */
export function ppca(principal: PrincipalAxes, latentDim: number, options: PpcaOptions = {}): Ppca {
  const { mean, eigenvalues, rest, axes } = principal;
  const width = mean.length;
  const fixed = options.noiseVariance;
  const most = Math.min(eigenvalues.length, fixed === undefined ? width - 1 : width);
  if (!(Number.isInteger(latentDim) && latentDim >= 1 && latentDim <= most)) {
    throw new ReparamError('config', 'bad number of latent dimensions', {
      got: `${latentDim} for ${width} dimensions`,
      expected: `an integer from 1 to ${most}`,
    });
  }
  const discarded = eigenvalues.subarray(latentDim).reduce((sum, value) => sum + value, rest);
  const noiseVariance = fixed ?? discarded / (width - latentDim);
  if (fixed === undefined && !(noiseVariance > 1e-14 * eigenvalues[0]!)) {
    throw new ReparamError('data', 'the data has no variance outside its principal axes', {
      got: `${latentDim} latent dimensions`,
      fix: 'Use fewer latent dimensions, or fix the noise variance',
    });
  }
  const components = new Float64Array(width * latentDim);
  for (let k = 0; k < latentDim; k++) {
    const length = Math.sqrt(Math.max(0, eigenvalues[k]! - noiseVariance));
    for (let j = 0; j < width; j++) components[j * latentDim + k] = length * axes[k * width + j]!;
  }
  return {
    ...linearGaussian({ mean, components, noiseVariance }),
    eigenvalues,
    activeUnits: activeUnits(eigenvalues, noiseVariance, latentDim),
  };
}

/**
 * Fits probabilistic PCA to the rows of `data`: `ppca(principalAxes(moments(data), latentDim), latentDim, options)`.
 *
 * @example fitPpca({ data, rows: 60_000, columns: 784, scale: 1 / 255 }, 10).logLikelihood(test)
 */
export const fitPpca = (data: DataMatrix, latentDim: number, options: PpcaOptions = {}): Ppca =>
  ppca(principalAxes(moments(data), latentDim), latentDim, options);
