import type { Key, Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { Reparameterizable } from '../distributions/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** The family q(z given x) that an encoder's features are turned into. */
export interface Posterior {
  readonly description: string;
  /** Parameters of the layers behind the encoder, for `features` numbers an example. */
  init(key: Key, features: number, latentDim: number): HostParams;
  /** q(z given x) from features of shape [B, features]. */
  distribution(params: SymbolicParams, features: Tensor, latentDim: number, context: Context): Reparameterizable;
}
