import { foldIn, type Key, normalArray, ReparamError } from '@reparam/tensor';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { checkMatrix, type DataMatrix } from './moments.ts';

/** The parameters of z ~ N(0, I_q), x given z ~ N(W z + m, s² I_D). */
export interface LinearGaussianParams {
  /** m, [D]. */
  readonly mean: Float64Array;
  /** W, [D, q], row-major. */
  readonly components: Float64Array;
  /** s² > 0, the squared unit of x. */
  readonly noiseVariance: number;
}

/** Exact answers for a linear decoder with Gaussian noise: what a linear variational autoencoder can at best reach. */
export interface LinearGaussian extends LinearGaussianParams {
  readonly latentDim: number;
  /** log p(x) of each row, nats. */
  logLikelihoods(data: DataMatrix): Float64Array;
  /** Mean of log p(x) over the rows, nats an example. */
  logLikelihood(data: DataMatrix): number;
  /**
   * The largest mean evidence lower bound of an encoder N(V (x - m), D) with diagonal D shared by all x, nats an
   * example: log-likelihood - ½ (Σ ln M_jj - ln det M), M = W'W + s² I.
   */
  elbo(data: DataMatrix): number;
  /** E[z given x] = M⁻¹ W' (x - m), [rows, q]. */
  posteriorMean(data: DataMatrix): Float64Array;
  /** W E[z given x] + m, [rows, D]. */
  reconstruct(data: DataMatrix): Float64Array;
  /** `n` draws of x, noise included, [n, D]. */
  sample(key: Key, n: number): Float64Array;
}

/**
 * The model of `params`, everything in float64 (Tipping & Bishop, "Probabilistic principal component analysis", 1999;
 * Woodbury: only q × q systems are solved). Throws `shape` when W is not D × q with q ≥ 1, `config` unless s² > 0.
 *
 * @example linearGaussian({ mean: Float64Array.of(0, 0), components: Float64Array.of(1, 0), noiseVariance: 0.1 })
 */
export function linearGaussian(params: LinearGaussianParams): LinearGaussian {
  const { mean, components, noiseVariance } = params;
  const width = mean.length;
  const latentDim = components.length / width;
  if (!(Number.isInteger(latentDim) && latentDim >= 1)) {
    throw new ReparamError('shape', 'components do not fit the mean', {
      got: `${components.length} values for ${width} dimensions`,
      expected: 'dimensions × latent dimensions',
    });
  }
  if (!(noiseVariance > 0 && noiseVariance < Number.POSITIVE_INFINITY)) {
    throw new ReparamError('config', 'bad noise variance', { got: `${noiseVariance}`, expected: 'a positive number' });
  }

  const weights = Matrix.from1DArray(width, latentDim, components);
  const inner = weights.transpose().mmul(weights).add(Matrix.eye(latentDim).mul(noiseVariance));
  const cholesky = new CholeskyDecomposition(inner);
  const logDiagonal = cholesky.lowerTriangularMatrix.diagonal().reduce((sum, d) => sum + 2 * Math.log(d), 0);
  const logDiagonalOfInner = inner.diagonal().reduce((sum, d) => sum + Math.log(d), 0);
  const constant = width * Math.log(2 * Math.PI) + (width - latentDim) * Math.log(noiseVariance) + logDiagonal;

  /** W'(x - m), q × rows; a zero entry of x costs nothing. */
  const project = ({ data, rows, scale = 1 }: DataMatrix): Matrix => {
    const atZero = new Float64Array(latentDim);
    for (let j = 0; j < width; j++) {
      for (let k = 0; k < latentDim; k++) atZero[k]! -= components[j * latentDim + k]! * mean[j]!;
    }
    const out = new Float64Array(rows * latentDim);
    for (let row = 0; row < rows; row++) {
      const into = row * latentDim;
      out.set(atZero, into);
      for (let j = 0; j < width; j++) {
        const value = data[row * width + j]! * scale;
        if (value === 0) continue;
        for (let k = 0; k < latentDim; k++) out[into + k]! += value * components[j * latentDim + k]!;
      }
    }
    return Matrix.from1DArray(rows, latentDim, out).transpose();
  };

  const posteriors = (data: DataMatrix): Matrix => cholesky.solve(project(checkMatrix(data, width))).transpose();

  const logLikelihoods = (matrix: DataMatrix): Float64Array => {
    const { data, rows, scale = 1 } = checkMatrix(matrix, width);
    const projected = project(matrix);
    const solved = cholesky.solve(projected);
    return Float64Array.from({ length: rows }, (_, row) => {
      let square = 0;
      for (let j = 0; j < width; j++) square += (data[row * width + j]! * scale - mean[j]!) ** 2;
      for (let k = 0; k < latentDim; k++) square -= projected.get(k, row) * solved.get(k, row);
      return -0.5 * (constant + square / noiseVariance);
    });
  };

  const logLikelihood = (data: DataMatrix): number => average(logLikelihoods(data));

  /** W z + m for each row of z. */
  const decode = (z: Matrix): Float64Array => flatten(z.mmul(weights.transpose()).addRowVector(Array.from(mean)));

  return {
    mean,
    components,
    noiseVariance,
    latentDim,
    logLikelihoods,
    logLikelihood,
    elbo: (data) => logLikelihood(data) - 0.5 * (logDiagonalOfInner - logDiagonal),
    posteriorMean: (data) => flatten(posteriors(data)),
    reconstruct: (data) => decode(posteriors(data)),
    sample(key, n) {
      const z = Matrix.from1DArray(n, latentDim, normalArray(foldIn(key, 'z'), n * latentDim));
      const noise = normalArray(foldIn(key, 'x'), n * width);
      return decode(z).map((value, i) => value + Math.sqrt(noiseVariance) * noise[i]!);
    },
  };
}

const average = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function flatten(matrix: Matrix): Float64Array {
  const out = new Float64Array(matrix.rows * matrix.columns);
  for (let row = 0; row < matrix.rows; row++) out.set(matrix.getRow(row), row * matrix.columns);
  return out;
}
