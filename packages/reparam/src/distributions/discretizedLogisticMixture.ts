import {
  add,
  cast,
  cumsum,
  equal,
  greater,
  iota,
  logSoftmax,
  logSumExp,
  mul,
  reshape,
  type Shape,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { DiscretizedLogistic } from './discretizedLogistic.ts';
import type { Distribution } from './distribution.ts';
import { entropyOfLevels, meanOfLevels } from './levels.ts';

/** Log-weights (not normalised), centres and log-scales of K components, all [..., K, D]. */
export interface DiscretizedLogisticMixtureParameters {
  readonly logits: Tensor;
  readonly loc: Tensor;
  readonly logScale: Tensor;
  /** Default 256. */
  readonly levels?: number;
}

/** Mixtures of K discretised logistics, the components along the axis before the last. */
export class DiscretizedLogisticMixture implements Distribution {
  readonly logits: Tensor;
  readonly components: DiscretizedLogistic;
  readonly eventRank = 0;

  constructor({ logits, ...components }: DiscretizedLogisticMixtureParameters) {
    this.logits = logits;
    this.components = new DiscretizedLogistic(components);
  }

  get batchShape(): Shape {
    return this.logits.shape.toSpliced(-2, 1);
  }

  /** log Σ weight · mass of the bin. */
  logProb(value: Tensor): Tensor {
    const each = reshape(value, value.shape.toSpliced(-1, 0, 1));
    return logSumExp(add(logSoftmax(this.logits, -2), this.components.logProb(each)), { axes: -2 });
  }

  get mean(): Tensor {
    return meanOfLevels(this.components.levels, this.batchShape, (values) => this.logProb(values));
  }

  /** One uniform number chooses the component, another the level. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const shape = [...sampleShape, ...this.batchShape].toSpliced(-1, 0, 2);
    const u = site.draw('uniform', shape, sampleShape.length);
    const weights = softmax(this.logits, -2);
    const lowerEnds = sub(cumsum(weights, -2), weights);
    const index = sum(cast(greater(slice(u, -2, 0, 1), lowerEnds), 'float32'), { axes: -2, keepDims: true });
    const count = this.logits.shape.at(-2) as number;
    const ordinals = reshape(cast(iota(count), 'float32'), [count, 1]);
    const chosen = cast(equal(index, add(ordinals, 1)), 'float32');
    const pick = (parameter: Tensor) => sum(mul(chosen, parameter), { axes: -2 });
    const level = reshape(slice(u, -2, 1, 2), shape.toSpliced(-2, 1));
    return this.components.roundedFrom(level, pick(this.components.loc), pick(this.components.logScale));
  }

  /** −Σ p log p over the levels. */
  entropy(): Tensor {
    return entropyOfLevels(this.components.levels, this.batchShape, (values) => this.logProb(values));
  }
}

/** Mixtures of discretised logistics from `logits`, `loc` and `logScale` of shape [..., K, D]. */
export const discretizedLogisticMixture = (
  parameters: DiscretizedLogisticMixtureParameters,
): DiscretizedLogisticMixture => new DiscretizedLogisticMixture(parameters);
