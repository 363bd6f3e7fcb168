import type { MixtureCovariance } from '../../classical/index.ts';
import type { Binarization } from '../../data/index.ts';

/** How the parameters of a linear VAE are found without gradients, in plain JSON. */
export type LinearProgramConfig =
  | { readonly kind: 'ppca' }
  | {
      readonly kind: 'ppca-em';
      /** Nats an example: an iteration that raises the bound by less is the last. */
      readonly tolerance: number;
    };

/** A mixture of Gaussians in plain JSON. */
export interface MixtureConfig {
  readonly kind: 'mixture';
  readonly components: number;
  /** Default: full up to 100 dimensions, diagonal above. */
  readonly covariance?: MixtureCovariance | undefined;
  readonly varianceFloor: number;
  /** Nats an example: an iteration that raises the bound by less is the last. */
  readonly tolerance: number;
}

/** A restricted Boltzmann machine in plain JSON. */
export interface RbmConfig {
  readonly kind: 'rbm';
  readonly hidden: number;
  /** Gibbs sweeps of a chain in training: the k of CD-k. */
  readonly sweeps: number;
  readonly learningRate: number;
  readonly momentum: number;
  /** Gibbs sweeps of a chain that is sampled. */
  readonly sampleSweeps: number;
}

/** A density model that is no latent-variable model of ours: it has a program of its own. */
export type DensityConfig = MixtureConfig | RbmConfig;

/** A whole recipe of such a model, data aside; a mixture's epochs are the most iterations it takes. */
export interface DensityRecipe {
  readonly program: DensityConfig;
  readonly training: { readonly epochs: number; readonly batchSize: number; readonly seed: number };
  readonly binarization?: Binarization | undefined;
}
