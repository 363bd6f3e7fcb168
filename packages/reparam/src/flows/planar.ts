import { add, div, foldIn, log, mul, softplus, square, sub, sum, tanh } from '@reparam/tensor';
import type { Flow } from './flow.ts';
import { perRow, perRowInit, smallNormals } from './perRow.ts';

/**
 * Planar flow: z + û tanh(wᵀ z + b), with û = u moved along w so that wᵀ û > −1, which makes it invertible (Rezende and
 * Mohamed 2015). Its inverse has no closed form. With features, u, w and b are an affine function of them.
 */
export const planar = (): Flow => ({
  description: 'planar',
  init: (key, dim, { features } = {}) => {
    const start = new Float32Array(2 * dim + 1);
    start.set(smallNormals(foldIn(key, 'planar'), 2 * dim));
    return perRowInit(key, start, features);
  },
  forward(params, x, context, features) {
    const dim = x.shape.at(-1) as number;
    const [u, w, b] = perRow(params, [dim, dim, 1], context, features) as [typeof x, typeof x, typeof x];
    const along = sum(mul(u, w), { axes: -1, keepDims: true });
    // wᵀ û = softplus(wᵀ u) − 1.
    const steepness = softplus(along);
    const shift = div(sub(sub(steepness, 1), along), sum(square(w), { axes: -1, keepDims: true }));
    const h = tanh(add(sum(mul(x, w), { axes: -1, keepDims: true }), b));
    // 1 + h′ wᵀ û with h′ = 1 − h², as a sum of terms that are not negative.
    const volume = add(square(h), mul(sub(1, square(h)), steepness));
    return { value: add(x, mul(add(u, mul(w, shift)), h)), logDet: sum(log(volume), { axes: -1 }) };
  },
});
