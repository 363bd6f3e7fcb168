import { add, concat, ReparamError, type Shape, split, stopGradient, type Tensor } from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Distribution, Reparameterizable, SampleWithLogProb } from './distribution.ts';

/** A vector drawn in two steps, and where its parts lie in the value. */
export interface ChainParameters {
  /** p(a) over vectors. */
  readonly first: Distribution;
  /** p(b given a), for a of shape [..., size of a]. */
  readonly second: (first: Tensor) => Reparameterizable;
  /** Sizes of the parts of a value, in its order. */
  readonly sizes: readonly [number, number];
  /** Which part of a value is drawn first; default 0. */
  readonly firstPart?: 0 | 1;
}

/** Joint distributions p(a) p(b given a) of two vectors, concatenated: [..., size a + size b]. */
export class Chain implements Distribution {
  readonly #parts: Required<ChainParameters>;
  readonly eventRank = 1;

  constructor(parameters: ChainParameters) {
    this.#parts = { firstPart: 0, ...parameters };
  }

  get batchShape(): Shape {
    return this.#parts.first.batchShape;
  }

  logProb(value: Tensor): Tensor {
    const { first, second, sizes, firstPart } = this.#parts;
    const [a, b] = inOrder(split(value, -1, sizes) as [Tensor, Tensor], firstPart);
    return add(first.logProb(a), second(a).logProb(b));
  }

  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    const { first, second } = this.#parts;
    const a = first.sample(site, sampleShape);
    return stopGradient(this.join(a, second(a).rsample(belowSamples(site, sampleShape))));
  }

  /** The two parts as one vector. */
  join(a: Tensor, b: Tensor): Tensor {
    return concat(inOrder([a, b], this.#parts.firstPart), -1);
  }

  /** The mean of the first part, and the mean of the second given that: exact where that mean is linear. */
  get mean(): Tensor {
    const { first, second } = this.#parts;
    return this.join(first.mean, second(first.mean).mean);
  }

  /** Has no closed form: throws `unsupported`. */
  entropy(): Tensor {
    throw new ReparamError('unsupported', 'the entropy of a chain has no closed form', {
      fix: 'Average −logProb over draws of sample',
    });
  }
}

/** As `Chain`, of a first part with differentiable draws. */
export class ReparameterizableChain extends Chain implements Reparameterizable {
  readonly #first: Reparameterizable;
  readonly #second: ChainParameters['second'];

  constructor(parameters: ChainParameters & { readonly first: Reparameterizable }) {
    super(parameters);
    this.#first = parameters.first;
    this.#second = parameters.second;
  }

  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return this.rsampleWithLogProb(site, sampleShape).value;
  }

  /** Both parts with the noise of their own; the log-density is the sum of theirs. */
  rsampleWithLogProb(site: NoiseSite, sampleShape: readonly number[] = []): SampleWithLogProb {
    const a = this.#first.rsampleWithLogProb(site, sampleShape);
    const b = this.#second(a.value).rsampleWithLogProb(belowSamples(site, sampleShape));
    return { value: this.join(a.value, b.value), logProb: add(a.logProb, b.logProb) };
  }
}

const inOrder = <T>([a, b]: readonly [T, T], firstPart: 0 | 1): [T, T] => (firstPart === 0 ? [a, b] : [b, a]);

/** The second part has a's samples among its batch axes: the rows come after them. */
const belowSamples = (site: NoiseSite, sampleShape: readonly number[]): NoiseSite => {
  const below = site.child('second');
  return { ...below, draw: (kind, shape) => below.draw(kind, shape, sampleShape.length) };
};
