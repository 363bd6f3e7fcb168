import type { Tensor } from '@reparam/tensor';
import type { Distribution } from '../distributions/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/** What values a likelihood is a distribution over. */
export type Support = 'binary' | 'real';

/** The family p(x given z) that a decoder's output is turned into: a distribution, never a loss. */
export interface Likelihood {
  readonly description: string;
  readonly support: Support;
  /** Numbers the decoder must give for an example of `dataSize` values. */
  outputSize(dataSize: number): number;
  /** Parameters of its own (a learned scale). */
  init(dataSize: number): HostParams;
  /** Bias of the decoder's last layer at which, without further input, the likelihood's mean is `dataMean`. */
  initialBias(dataMean: Float64Array): Float32Array;
  /** p(x given z) over vectors of `dataSize` values from outputs of shape [..., outputSize]. */
  distribution(params: SymbolicParams, output: Tensor): Distribution;
}
