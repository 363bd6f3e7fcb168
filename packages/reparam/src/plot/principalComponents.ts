import { ReparamError } from '@reparam/tensor';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Two coordinates a point, row-major [n, 2], and the share of the total variance that they hold, in [0, 1]. */
export interface Plane {
  readonly points: Float64Array;
  readonly share: number;
  /** The same coordinates of other rows [m, dim]. */
  project(rows: ArrayLike<number>): Float64Array;
}

/**
 * Rows of `codes` [n, dim] projected on their first two principal components (eigenvectors of the covariance; each is
 * turned so that its largest entry is positive). With `dim` 1 the second coordinate is 0.
 */
export function principalPlane(codes: ArrayLike<number>, dim: number): Plane {
  const count = codes.length / dim;
  if (!Number.isInteger(count) || count < 1) {
    throw new ReparamError('shape', 'codes of a latent plane', {
      got: `${codes.length} values`,
      expected: `rows of ${dim}`,
    });
  }
  const mean = new Float64Array(dim);
  for (let i = 0; i < codes.length; i++) mean[i % dim]! += codes[i]! / count;
  const covariance = Matrix.zeros(dim, dim).to2DArray();
  const row = new Float64Array(dim);
  for (let i = 0; i < count; i++) {
    for (let a = 0; a < dim; a++) {
      row[a] = codes[i * dim + a]! - mean[a]!;
      for (let b = 0; b <= a; b++) covariance[a]![b]! += (row[a]! * row[b]!) / count;
    }
  }
  for (let a = 0; a < dim; a++) for (let b = 0; b < a; b++) covariance[b]![a] = covariance[a]![b]!;
  if (covariance.flat().some((value) => !Number.isFinite(value))) {
    throw new ReparamError('data', 'latent codes hold a value that is not finite');
  }

  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const axes = order.slice(0, 2).map((k) => upright(eigenvectorMatrix.getColumn(k)));
  const project = (rows: ArrayLike<number>) => {
    const points = new Float64Array((rows.length / dim) * 2);
    axes.forEach((axis, k) => {
      for (let i = 0; i < points.length / 2; i++) {
        for (let a = 0; a < dim; a++) points[2 * i + k]! += (rows[i * dim + a]! - mean[a]!) * axis[a]!;
      }
    });
    return points;
  };
  const total = realEigenvalues.reduce((sum, value) => sum + value, 0);
  const held = order.slice(0, 2).reduce((sum, k) => sum + realEigenvalues[k]!, 0);
  return { points: project(codes), share: total > 0 ? held / total : 1, project };
}

function upright(axis: number[]): number[] {
  const largest = axis.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
  return largest < 0 ? axis.map((value) => -value) : axis;
}
