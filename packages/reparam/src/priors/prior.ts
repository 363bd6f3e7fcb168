import type { Key, Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { Distribution, Reparameterizable } from '../distributions/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** What a prior's parameters may depend on besides the key. */
export interface PriorInit {
  /** Values of one example. */
  readonly dataSize: number;
  /** Mean of each value over the training set. */
  readonly dataMean?: Float64Array | undefined;
  readonly conditionSize?: number | undefined;
}

/** The distribution of latent vectors before any data is seen, p(z) or p(z given c). */
export interface Prior {
  readonly description: string;
  init(key: Key, latentDim: number, options: PriorInit): HostParams;
  /** p(z) over vectors of `latentDim` numbers; its batch broadcasts with the posterior's. `encode` is the model's own q(z given x). */
  distribution(
    params: SymbolicParams,
    latentDim: number,
    context: Context,
    encode: (x: Tensor) => Reparameterizable,
  ): Distribution;
}
