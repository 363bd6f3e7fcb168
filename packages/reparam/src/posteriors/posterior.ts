import type { Key, Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { Reparameterizable } from '../distributions/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** What E_q log p(x given z) − KL(q ‖ p) says of log p(x): a lower bound, its value, or nothing. */
export type Bound = 'lower' | 'exact' | 'none';

/** The family q(z given x) that an encoder's features are turned into. */
export interface Posterior {
  readonly description: string;
  /** What the ELBO is with this posterior; default a lower bound. */
  readonly bound?: Bound;
  /** Parameters of the layers behind the encoder, for `features` numbers an example. */
  init(key: Key, features: number, latentDim: number): HostParams;
  /** q(z given x) from features of shape [B, features]. */
  distribution(params: SymbolicParams, features: Tensor, latentDim: number, context: Context): Reparameterizable;
}
