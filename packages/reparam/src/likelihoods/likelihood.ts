import type { Tensor } from '@reparam/tensor';
import type { Distribution } from '../distributions/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';

/**
 * What values a likelihood is a distribution over: 0 and 1; [0, 1]; the 256 steps of a byte, as the fractions 0, 1/255 … 1;
 * whole numbers from 0; real numbers.
 */
export type Support = 'binary' | 'unit' | 'byte' | 'count' | 'real';

/** The family p(x given z) that a decoder's output is turned into: a distribution, never a loss. */
export interface Likelihood {
  readonly description: string;
  readonly support: Support;
  /** Numbers the decoder must give for each value of an example. */
  readonly outputsPerValue: number;
  /** Parameters of its own (a learned scale). */
  init(dataSize: number): HostParams;
  /** Bias of the decoder's last layer at which, without further input, the likelihood's mean is `dataMean`: one number an output. */
  initialBias(dataMean: Float64Array): Float32Array;
  /**
   * p(x given z) over vectors of `dataSize` values from outputs of shape [..., outputsPerValue · dataSize]: the first
   * parameter of every value, then the second of every value, ….
   */
  distribution(params: SymbolicParams, output: Tensor): Distribution;
}
