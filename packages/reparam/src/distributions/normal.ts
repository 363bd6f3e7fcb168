import { mul, type Shape, square, type Tensor, type TensorLike } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { LocationScale, type LocationScaleParameters } from './locationScale.ts';

/** Mean and one of standard deviation, its logarithm, or the logarithm of the variance. */
export type NormalParameters = LocationScaleParameters | { readonly loc: TensorLike; readonly logVariance: TensorLike };

/** Univariate normal distributions, one for each element of `loc`. */
export class Normal extends LocationScale {
  protected readonly logNormalizer = 0.5 * Math.log(2 * Math.PI);
  protected readonly standardEntropy = 0.5 * Math.log(2 * Math.PI) + 0.5;

  constructor(parameters: NormalParameters) {
    const { loc } = parameters;
    super('logVariance' in parameters ? { loc, logScale: mul(parameters.logVariance, 0.5) } : parameters);
  }

  protected kernel(t: Tensor): Tensor {
    return mul(square(t), -0.5);
  }

  protected draw(site: NoiseSite, shape: Shape, rowAxis: number): Tensor {
    return site.draw('normal', shape, rowAxis);
  }
}

/**
 * Normal distributions from `loc` and one of `scale`, `logScale`, `logVariance` (equal or broadcasting shapes).
 * @example normal({ loc: 0, scale: 1 })
 */
export const normal = (parameters: NormalParameters): Normal => new Normal(parameters);
