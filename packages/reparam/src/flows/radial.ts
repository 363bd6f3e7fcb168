import {
  add,
  div,
  foldIn,
  greater,
  log,
  maximum,
  mul,
  neg,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import type { Flow } from './flow.ts';
import { perRow, perRowInit, smallNormals } from './perRow.ts';

/**
 * Radial flow: z + β (z − z₀) / (α + r), r = ‖z − z₀‖, with α = softplus(a) > 0 and β = softplus(b) − α > −α, which makes it
 * invertible (Rezende and Mohamed 2015). It starts near the identity. With features, z₀, a and b are an affine function of
 * them. The inverse is the root of a quadratic equation in r.
 */
export const radial = (): Flow => {
  const numbers = (...[params, x, context, features]: Parameters<Flow['forward']>) => {
    const dim = x.shape.at(-1) as number;
    const [centre, a, b] = perRow(params, [dim, 1, 1], context, features) as [Tensor, Tensor, Tensor];
    return { dim, centre, alpha: softplus(a), reach: softplus(b) };
  };
  return {
    description: 'radial',
    init: (key, dim, { features } = {}) => {
      const start = new Float32Array(dim + 2);
      start.set(smallNormals(foldIn(key, 'radial'), dim));
      return perRowInit(key, start, features);
    },
    forward(...args) {
      const x = args[1];
      const { dim, centre, alpha, reach } = numbers(...args);
      const from = sub(x, centre);
      return { value: add(centre, mul(from, stretch(from, alpha, reach))), logDet: logDet(from, alpha, reach, dim) };
    },
    inverse(...args) {
      const z = args[1];
      const { dim, centre, alpha, reach } = numbers(...args);
      const to = sub(z, centre);
      const distance = radius(to);
      // r² + (reach − distance) r − α · distance = 0, by the form of the root in which nothing cancels.
      const half = mul(sub(distance, reach), 0.5);
      const product = mul(alpha, distance);
      const root = sqrt(add(square(half), product));
      const isPositive = greater(half, 0);
      const r = where(isPositive, add(root, half), div(product, sub(root, where(isPositive, 0, half))));
      const from = mul(to, div(add(alpha, r), add(r, reach)));
      return { value: add(centre, from), logDet: neg(logDet(from, alpha, reach, dim)) };
    },
  };
};

/** ‖v‖ as [n, 1]; at 0 its gradient is 0. */
const radius = (v: Tensor): Tensor => sqrt(maximum(sum(square(v), { axes: -1, keepDims: true }), 1e-30));

/** 1 + β / (α + r) = (r + reach) / (α + r). */
const stretch = (from: Tensor, alpha: Tensor, reach: Tensor): Tensor => {
  const r = radius(from);
  return div(add(r, reach), add(r, alpha));
};

/** (d − 1) log stretch + log[(r² + 2αr + α · reach) / (α + r)²]: no term is negative. */
function logDet(from: Tensor, alpha: Tensor, reach: Tensor, dim: number): Tensor {
  const r = radius(from);
  const along = div(add(mul(r, add(r, mul(alpha, 2))), mul(alpha, reach)), square(add(r, alpha)));
  return sum(add(mul(log(stretch(from, alpha, reach)), dim - 1), log(along)), { axes: -1 });
}
