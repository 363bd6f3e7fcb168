import type { Key, Tensor } from '@reparam/tensor';
import type { Distribution } from '../distributions/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** The distribution of latent vectors before any data is seen, p(z). */
export interface Prior {
  readonly description: string;
  init(key: Key, latentDim: number): HostParams;
  /** p(z) over vectors of `latentDim` numbers; its batch broadcasts with the posterior's. `condition`: for p(z given c). */
  distribution(params: SymbolicParams, latentDim: number, condition?: Tensor): Distribution;
}
