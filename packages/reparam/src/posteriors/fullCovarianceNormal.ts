import {
  broadcastTo,
  concat,
  constant,
  foldIn,
  mul,
  reshape,
  slice,
  split,
  type Tensor,
  transpose,
} from '@reparam/tensor';
import { normalTril } from '../distributions/index.ts';
import { type LinearOptions, linear, zeros } from '../nn/index.ts';
import { branch } from '../params.ts';
import { diagonalNormal } from './diagonalNormal.ts';
import type { Posterior } from './posterior.ts';

/**
 * N(μ(x), L(x) Lᵀ(x)), L lower triangular with positive diagonal. One layer gives μ and log L_ii² as for a diagonal
 * normal, another what lies below the diagonal: 0 at the start, so that training begins from the diagonal posterior.
 */
export function fullCovarianceNormal(options: LinearOptions = {}): Posterior {
  const diagonal = diagonalNormal(options);
  const below = (latentDim: number) => linear(packedSize(latentDim), { initializer: zeros });
  return {
    description: 'N(μ(x), L(x) L(x)ᵀ), full covariance',
    init: (key, features, latentDim) => ({
      diagonal: diagonal.init(foldIn(key, 'diagonal'), features, latentDim),
      below: below(latentDim).init(foldIn(key, 'below'), [features]),
    }),
    distribution(params, features, latentDim, context) {
      const both = linear(2 * latentDim, options).apply(branch(params, 'diagonal'), features, context);
      const [loc, logVariance] = split(both, -1, [latentDim, latentDim]);
      const packed = below(latentDim).apply(branch(params, 'below'), features, context);
      return normalTril({
        loc: loc!,
        logDiagonal: mul(logVariance!, 0.5),
        belowDiagonal: unpackBelow(packed, latentDim),
      });
    },
  };
}

/** Half of the smallest even number from `size` up. */
const halfOf = (size: number): number => Math.ceil(size / 2);

/** Numbers that `unpackBelow` needs: two squares of half the size, about size² / 2. */
export const packedSize = (size: number): number => 2 * halfOf(size) ** 2;

/**
 * Matrices [..., size, size] whose entries below the diagonal are distinct entries of `packed` [..., packedSize]; those on
 * and above it are without meaning. The triangle is cut into a square below the middle and two half-size triangles, which
 * lie in the other square: one below its diagonal, the other, transposed, above it.
 */
export function unpackBelow(packed: Tensor, size: number): Tensor {
  const half = halfOf(size);
  const lead = packed.shape.slice(0, -1);
  const squares = split(packed, -1, [half * half, half * half]).map((t) => reshape(t, [...lead, half, half]));
  const [triangles, square] = squares as [Tensor, Tensor];
  const axes = [...triangles.shape.keys()];
  const other = transpose(triangles, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
  const above = concat([triangles, broadcastTo(constant(0), triangles.shape)], -1);
  const whole = concat([above, concat([square, other], -1)], -2);
  return slice(slice(whole, -1, 0, size), -2, 0, size);
}
