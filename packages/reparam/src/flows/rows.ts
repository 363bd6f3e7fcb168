import { broadcastTo, reshape, type Shape, type Tensor } from '@reparam/tensor';
import type { Transformed } from './flow.ts';

/** Applies a map of rows [n, dim] to `x` [..., dim]; `features` [..., k] broadcast to its leading axes. The log-determinant is [...]. */
export function mapAsRows(
  map: (rows: Tensor, features: Tensor | undefined) => Transformed,
  x: Tensor,
  features?: Tensor,
): Transformed {
  const lead = x.shape.slice(0, -1);
  const dim = x.shape.at(-1)!;
  const flat = (t: Tensor, width: Shape[number]) => (t.rank === 2 ? t : reshape(t, [-1, width]));
  const width = features?.shape.at(-1);
  const spread = features && width !== undefined ? flat(broadcastTo(features, [...lead, width]), width) : undefined;
  const { value, logDet } = map(flat(x, dim), spread);
  return {
    value: reshape(value, x.shape),
    logDet: logDet.rank === 0 ? broadcastTo(logDet, lead) : reshape(logDet, lead),
  };
}
