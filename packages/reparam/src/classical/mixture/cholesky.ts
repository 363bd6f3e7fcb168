import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Writes the lower Cholesky factor of the symmetric `matrix` [d, d] to `out` at `offset`; false when it is not positive definite. */
export function factor(matrix: ArrayLike<number>, d: number, out: Float64Array, offset = 0): boolean {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * d + j]!;
      for (let k = 0; k < j; k++) sum -= out[offset + i * d + k]! * out[offset + j * d + k]!;
      if (i === j && !(sum > 0)) return false;
      out[offset + i * d + j] = i === j ? Math.sqrt(sum) : sum / out[offset + j * d + j]!;
    }
    for (let j = i + 1; j < d; j++) out[offset + i * d + j] = 0;
  }
  return true;
}

/**
 * The covariance with no eigenvalue below `floor` under which data of sample covariance `matrix` is likeliest: its
 * eigenvalues, raised to the floor where they are below. Leaves `matrix` alone when none is.
 */
export function raiseEigenvalues(matrix: Float64Array, d: number, floor: number): Float64Array {
  const shifted = matrix.slice();
  for (let i = 0; i < d; i++) shifted[i * d + i]! -= floor;
  if (factor(shifted, d, new Float64Array(d * d))) return matrix;
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(d, d, matrix), {
    assumeSymmetric: true,
  });
  const raised = realEigenvalues.map((value) => Math.max(value, floor));
  const scaled = eigenvectorMatrix.clone().mulRowVector(raised);
  return Float64Array.from(scaled.mmul(eigenvectorMatrix.transpose()).to1DArray());
}
