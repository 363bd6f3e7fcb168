import { type Shape, sum, type Tensor } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import {
  type Distribution,
  isReparameterizable,
  type Reparameterizable,
  type SampleWithLogProb,
} from './distribution.ts';

/** Joint distribution of independent components: the last `rank` batch axes of `base` become event axes. */
export class Independent<D extends Distribution = Distribution> implements Distribution {
  readonly base: D;
  readonly rank: number;

  constructor(base: D, rank: number) {
    this.base = base;
    this.rank = rank;
  }

  get batchShape(): Shape {
    const { batchShape } = this.base;
    return batchShape.slice(0, batchShape.length - this.rank);
  }

  get eventRank(): number {
    return this.base.eventRank + this.rank;
  }

  /** Sums a quantity of the components over the event. */
  sumEvent(perComponent: Tensor): Tensor {
    return sum(perComponent, { axes: lastAxes(perComponent.rank, this.rank) });
  }

  logProb(value: Tensor): Tensor {
    return this.base.eventLogProb?.(value, this.rank) ?? this.sumEvent(this.base.logProb(value));
  }

  sample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return this.base.sample(site, sampleShape);
  }

  get mean(): Tensor {
    return this.base.mean;
  }

  entropy(): Tensor {
    return this.sumEvent(this.base.entropy());
  }
}

/** As `Independent`, of a distribution with differentiable draws. */
export class ReparameterizableIndependent<D extends Reparameterizable = Reparameterizable>
  extends Independent<D>
  implements Reparameterizable
{
  rsample(site: NoiseSite, sampleShape?: readonly number[]): Tensor {
    return this.base.rsample(site, sampleShape);
  }

  rsampleWithLogProb(site: NoiseSite, sampleShape?: readonly number[]): SampleWithLogProb {
    const { value, logProb } = this.base.rsampleWithLogProb(site, sampleShape);
    return { value, logProb: this.sumEvent(logProb) };
  }
}

const lastAxes = (rank: number, count: number): number[] => Array.from({ length: count }, (_, i) => rank - count + i);

/** Makes the last `rank` (1 unless stated) batch axes of `base` event axes: log-probabilities are summed over them. */
export function independent<D extends Reparameterizable>(base: D, rank?: number): ReparameterizableIndependent<D>;
export function independent<D extends Distribution>(base: D, rank?: number): Independent<D>;
export function independent(base: Distribution, rank = 1): Independent {
  return isReparameterizable(base) ? new ReparameterizableIndependent(base, rank) : new Independent(base, rank);
}
