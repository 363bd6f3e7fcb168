import { broadcastShapes, broadcastTo, reshape, type Shape, type Tensor } from '@reparam/tensor';
import type { Transformed } from './flow.ts';

/** Applies a map of rows [n, dim] to `x` [..., dim]; its leading axes and those of `features` [..., k] broadcast. The log-determinant is [...]. */
export function mapAsRows(
  map: (rows: Tensor, features: Tensor | undefined) => Transformed,
  x: Tensor,
  features?: Tensor,
): Transformed {
  const own = x.shape.slice(0, -1);
  const lead = features ? broadcastShapes(own, features.shape.slice(0, -1), 'features of a flow') : own;
  const dim = x.shape.at(-1)!;
  const shape = [...lead, dim];
  const flat = (t: Tensor, width: Shape[number]) => (t.rank === 2 ? t : reshape(t, [-1, width]));
  const width = features?.shape.at(-1);
  const spread = features && width !== undefined ? flat(broadcastTo(features, [...lead, width]), width) : undefined;
  const { value, logDet } = map(flat(broadcastTo(x, shape), dim), spread);
  return {
    value: reshape(value, shape),
    logDet: logDet.rank === 0 ? broadcastTo(logDet, lead) : reshape(logDet, lead),
  };
}
