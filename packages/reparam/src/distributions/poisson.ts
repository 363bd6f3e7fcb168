import { add, exp, lgamma, mul, type Shape, stopGradient, sub, type Tensor } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import { noEntropy, poissonFromNormal } from './counts.ts';
import type { Distribution } from './distribution.ts';

/** Poisson distributions over whole numbers from 0, with rate e^logRate. */
export class Poisson implements Distribution {
  readonly logRate: Tensor;
  readonly eventRank = 0;

  constructor({ logRate }: { readonly logRate: Tensor }) {
    this.logRate = logRate;
  }

  get batchShape(): Shape {
    return this.logRate.shape;
  }

  /** x log rate − rate − log x!. */
  logProb(value: Tensor): Tensor {
    return sub(sub(mul(value, this.logRate), exp(this.logRate)), lgamma(add(value, 1)));
  }

  get mean(): Tensor {
    return exp(this.logRate);
  }

  /** See `poissonFromNormal` for how exact. */
  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const z = site.draw('normal', [...sampleShape, ...this.batchShape], sampleShape.length);
    return stopGradient(poissonFromNormal(this.mean, z));
  }

  entropy(): Tensor {
    return noEntropy('Poisson');
  }
}

/** Poisson distributions from `logRate` (any shape). */
export const poisson = (parameters: { readonly logRate: Tensor }): Poisson => new Poisson(parameters);
