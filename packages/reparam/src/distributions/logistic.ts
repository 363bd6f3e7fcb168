import { add, log, log1p, logSigmoid, neg, type Shape, sub, type Tensor } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { LocationScale, type LocationScaleParameters } from './locationScale.ts';

/** Centre, and scale or its logarithm. */
export type LogisticParameters = LocationScaleParameters;

/** Logistic distributions, one for each element of `loc`: distribution function σ((x − loc) / scale). */
export class Logistic extends LocationScale {
  protected readonly logNormalizer = 0;
  protected readonly standardEntropy = 2;

  protected kernel(t: Tensor): Tensor {
    return add(logSigmoid(t), logSigmoid(neg(t)));
  }

  /** logit(u), u uniform. */
  protected draw(site: NoiseSite, shape: Shape, rowAxis: number): Tensor {
    const u = site.draw('uniform', shape, rowAxis);
    return sub(log(u), log1p(neg(u)));
  }
}

/** Logistic distributions from `loc` and `scale` or `logScale` (equal or broadcasting shapes). */
export const logistic = (parameters: LogisticParameters): Logistic => new Logistic(parameters);
