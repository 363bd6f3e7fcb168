import { ReparamError } from '@reparam/tensor';
import { moments, principalAxes } from '../classical/index.ts';

/** Two coordinates a point, row-major [n, 2], and the share of the total variance that they hold, in [0, 1]. */
export interface Plane {
  readonly points: Float64Array;
  readonly share: number;
  /** The same coordinates of other rows [m, dim]. */
  project(rows: ArrayLike<number>): Float64Array;
}

/** Rows of `codes` [n, dim] projected on their first two principal components. With `dim` 1 the second coordinate is 0. */
export function principalPlane(codes: ArrayLike<number>, dim: number): Plane {
  const count = codes.length / dim;
  if (!Number.isInteger(count) || count < 1) {
    throw new ReparamError('shape', 'codes of a latent plane', {
      got: `${codes.length} values`,
      expected: `rows of ${dim}`,
    });
  }
  const shown = Math.min(2, dim);
  const matrix = { data: Float64Array.from(codes), rows: count, columns: dim };
  const { mean, axes, eigenvalues, rest } = principalAxes(moments(matrix), shown);
  const project = (rows: ArrayLike<number>) => {
    const points = new Float64Array((rows.length / dim) * 2);
    for (let k = 0; k < shown; k++) {
      for (let i = 0; i < points.length / 2; i++) {
        for (let a = 0; a < dim; a++) points[2 * i + k]! += (rows[i * dim + a]! - mean[a]!) * axes[k * dim + a]!;
      }
    }
    return points;
  };
  const total = eigenvalues.reduce((sum, value) => sum + value, rest);
  const held = eigenvalues.subarray(0, shown).reduce((sum, value) => sum + value, 0);
  return { points: project(codes), share: total > 0 ? held / total : 1, project };
}
