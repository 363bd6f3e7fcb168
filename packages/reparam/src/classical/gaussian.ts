import { ReparamError } from '@reparam/tensor';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { checkMatrix, type DataMatrix, type Moments, moments } from './moments.ts';

/** A normal distribution with full covariance: what a linear flow on a normal base can at best reach. */
export interface Gaussian {
  readonly mean: Float64Array;
  /** log p(x) of each row, nats. */
  logLikelihoods(data: DataMatrix): Float64Array;
}

/**
 * The normal distribution of given mean and covariance, in float64. Throws `data` when the covariance is not positive
 * definite: a value that never varies, or fewer rows than columns.
 */
export function gaussian({ mean, covariance }: Pick<Moments, 'mean' | 'covariance'>): Gaussian {
  const width = mean.length;
  const cholesky = new CholeskyDecomposition(Matrix.from1DArray(width, width, covariance));
  if (!cholesky.isPositiveDefinite()) {
    throw new ReparamError('data', 'the covariance is not positive definite', {
      got: `${width} columns of which some depend on others`,
      fix: 'Leave out columns that do not vary, or take more rows',
    });
  }
  const factor = cholesky.lowerTriangularMatrix.to1DArray();
  let constant = 0.5 * width * Math.log(2 * Math.PI);
  for (let j = 0; j < width; j++) constant += Math.log(factor[j * width + j]!);
  const solved = new Float64Array(width);
  return {
    mean,
    logLikelihoods(matrix) {
      const { data, rows, scale = 1 } = checkMatrix(matrix, width);
      return Float64Array.from({ length: rows }, (_, row) => {
        // ‖L⁻¹ (x − m)‖² by forward substitution.
        let square = 0;
        for (let i = 0; i < width; i++) {
          const start = i * width;
          let rest = data[row * width + i]! * scale - mean[i]!;
          for (let j = 0; j < i; j++) rest -= factor[start + j]! * solved[j]!;
          solved[i] = rest / factor[start + i]!;
          square += solved[i]! ** 2;
        }
        return -0.5 * square - constant;
      });
    },
  };
}

/**
 * Fits mean and covariance (with 1/N) to the rows of `data`, in closed form.
 * @example fitGaussian(train).logLikelihoods(test)
 */
export const fitGaussian = (data: DataMatrix): Gaussian => gaussian(moments(data));
