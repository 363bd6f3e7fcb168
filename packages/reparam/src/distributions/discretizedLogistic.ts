import {
  add,
  asTensor,
  exp,
  floor,
  greater,
  less,
  log,
  log1mExp,
  logSigmoid,
  maximum,
  minimum,
  mul,
  neg,
  type Shape,
  square,
  sub,
  type Tensor,
  type TensorLike,
  where,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Distribution } from './distribution.ts';
import { entropyOfLevels, meanOfLevels } from './levels.ts';

/** Centres and log-scales in units of the values, and how many levels there are from 0 to 1. */
export interface DiscretizedLogisticParameters {
  readonly loc: TensorLike;
  readonly logScale: TensorLike;
  /** Default 256. */
  readonly levels?: number;
}

/**
 * Logistic distributions rounded to the levels 0, 1/(L − 1), …, 1 (Salimans et al. 2017): a level has the mass of its bin, the
 * outer bins reach to ±∞.
 */
export class DiscretizedLogistic implements Distribution {
  readonly loc: Tensor;
  readonly logScale: Tensor;
  readonly levels: number;
  readonly batchShape: Shape;
  readonly eventRank = 0;

  constructor({ loc, logScale, levels = 256 }: DiscretizedLogisticParameters) {
    this.loc = asTensor(loc);
    this.logScale = asTensor(logScale);
    this.levels = levels;
    this.batchShape = add(this.loc, this.logScale).shape;
  }

  /** With a, b the standardised ends of the bin: log(σ(a) − σ(b)) = log σ(a) + log σ(−b) + log(1 − e^(b − a)). */
  logProb(value: Tensor): Tensor {
    const half = 0.5 / (this.levels - 1);
    const precision = exp(neg(this.logScale));
    const centred = sub(value, this.loc);
    const below = logSigmoid(mul(add(centred, half), precision));
    const above = logSigmoid(neg(mul(sub(centred, half), precision)));
    const inner = add(add(below, above), this.#logOneMinusExpWidth(Math.log(2 * half)));
    return where(less(value, half), below, where(greater(value, 1 - half), above, inner));
  }

  /** log(1 − e^(−w)) for bins of width w = e^(logWidth) / scale; log w − w/2 + w²/24 where w itself may underflow. */
  #logOneMinusExpWidth(logWidth: number): Tensor {
    const logW = sub(logWidth, this.logScale);
    const isNarrow = less(logW, -5);
    const w = exp(logW);
    const narrow = add(sub(logW, mul(w, 0.5)), mul(square(w), 1 / 24));
    return where(isNarrow, narrow, log1mExp(exp(where(isNarrow, 0, logW))));
  }

  get mean(): Tensor {
    return meanOfLevels(this.levels, this.batchShape, (values) => this.logProb(values));
  }

  /** A logistic draw, rounded to the nearest level: the distribution itself. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const u = site.draw('uniform', [...sampleShape, ...this.batchShape], sampleShape.length);
    return this.roundedFrom(u, this.loc, this.logScale);
  }

  /** The level at which the distribution with these centres and log-scales takes the share `u`. */
  roundedFrom(u: Tensor, loc: Tensor, logScale: Tensor): Tensor {
    const steps = this.levels - 1;
    const logit = sub(log(u), log(sub(1, u)));
    const x = minimum(maximum(add(loc, mul(exp(logScale), logit)), 0), 1);
    return mul(floor(add(mul(x, steps), 0.5)), 1 / steps);
  }

  /** −Σ p log p over the levels. */
  entropy(): Tensor {
    return entropyOfLevels(this.levels, this.batchShape, (values) => this.logProb(values));
  }
}

/** Discretised logistic distributions from `loc` and `logScale` (equal or broadcasting shapes). */
export const discretizedLogistic = (parameters: DiscretizedLogisticParameters): DiscretizedLogistic =>
  new DiscretizedLogistic(parameters);
