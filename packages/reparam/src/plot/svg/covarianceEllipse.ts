import { ReparamError } from '@reparam/tensor';

/** Mean and covariance of points in the plane, and the ellipse of one standard deviation that they describe. */
export interface CovarianceEllipse {
  readonly mean: readonly [x: number, y: number];
  /** Variances of x and y and their covariance (divided by n). */
  readonly covariance: { readonly xx: number; readonly yy: number; readonly xy: number };
  /** Standard deviations along the long and the short axis. */
  readonly radii: readonly [long: number, short: number];
  /** Direction of the long axis, radians from the x axis in (−π/2, π/2]. */
  readonly angle: number;
}

/** The ellipse of the rows `members` of `points` [n, 2] (default all); `shape` error when there are none. */
export function covarianceEllipse(points: ArrayLike<number>, members?: readonly number[]): CovarianceEllipse {
  const rows = members ?? Array.from({ length: points.length / 2 }, (_, i) => i);
  if (rows.length === 0) throw new ReparamError('shape', 'an ellipse of no points', { expected: 'at least one' });
  const [mx, my] = [0, 1].map((axis) => rows.reduce((sum, i) => sum + points[2 * i + axis]!, 0) / rows.length) as [
    number,
    number,
  ];
  let [xx, yy, xy] = [0, 0, 0];
  for (const i of rows) {
    const [dx, dy] = [points[2 * i]! - mx, points[2 * i + 1]! - my];
    xx += (dx * dx) / rows.length;
    yy += (dy * dy) / rows.length;
    xy += (dx * dy) / rows.length;
  }
  // Eigenvalues of [[xx, xy], [xy, yy]]: half the trace ± half the distance of the two.
  const half = Math.hypot((xx - yy) / 2, xy);
  const middle = (xx + yy) / 2;
  const radii = [Math.sqrt(middle + half), Math.sqrt(Math.max(0, middle - half))] as const;
  return { mean: [mx, my], covariance: { xx, yy, xy }, radii, angle: Math.atan2(2 * xy, xx - yy) / 2 };
}

/** Points on the ellipse of `deviations` standard deviations, evenly in its parameter. */
export function ellipseOutline(ellipse: CovarianceEllipse, deviations: number, count = 60): [x: number, y: number][] {
  const { mean, radii, angle } = ellipse;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return Array.from({ length: count }, (_, i) => {
    const turn = (2 * Math.PI * i) / count;
    const [a, b] = [deviations * radii[0] * Math.cos(turn), deviations * radii[1] * Math.sin(turn)];
    return [mean[0] + a * cos - b * sin, mean[1] + a * sin + b * cos];
  });
}
