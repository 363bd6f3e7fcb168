import { ReparamError } from '@reparam/tensor';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Mean [D] and covariance [D, D] of a set of vectors. */
export interface FeatureMoments {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

/**
 * Fréchet distance between the normal distributions with these moments (Dowson and Landau 1982), squared:
 * |m₁ − m₂|² + tr(S₁ + S₂ − 2 (S₁^½ S₂ S₁^½)^½). The unit is that of the features, squared.
 */
export function frechetDistance(a: FeatureMoments, b: FeatureMoments): number {
  const size = a.mean.length;
  if (b.mean.length !== size) {
    throw new ReparamError('shape', 'Fréchet distance: features do not match', {
      got: `${b.mean.length} features`,
      expected: `${size}`,
    });
  }
  const [first, second] = [a, b].map(({ covariance }) => Matrix.from1DArray(size, size, covariance)) as [
    Matrix,
    Matrix,
  ];
  const root = squareRoot(first);
  const cross = eigenvalues(root.mmul(second).mmul(root)).reduce((sum, each) => sum + Math.sqrt(Math.max(0, each)), 0);
  const shift = a.mean.reduce((sum, each, i) => sum + (each - b.mean[i]!) ** 2, 0);
  return Math.max(0, shift + first.trace() + second.trace() - 2 * cross);
}

const symmetric = (matrix: Matrix): EigenvalueDecomposition =>
  new EigenvalueDecomposition(Matrix.add(matrix, matrix.transpose()).mul(0.5), { assumeSymmetric: true });

const eigenvalues = (matrix: Matrix): number[] => symmetric(matrix).realEigenvalues;

function squareRoot(matrix: Matrix): Matrix {
  const { eigenvectorMatrix: vectors, realEigenvalues } = symmetric(matrix);
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value))));
  return vectors.mmul(roots).mmul(vectors.transpose());
}
