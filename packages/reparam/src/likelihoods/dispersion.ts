import { hostTensor, ReparamError, type Tensor } from '@reparam/tensor';
import { type HostParams, leaf, type SymbolicParams } from '../params.ts';

/** The dispersion r of a negative binomial likelihood: its variance is m + m²/r. */
export interface DispersionOptions {
  /** One learned for all values (`shared`), one for each (`per-dimension`, the default), or an output of the decoder (`per-value`). */
  readonly dispersion?: 'shared' | 'per-dimension' | 'per-value';
  /** Where it starts; default 1. */
  readonly initialDispersion?: number;
}

/** A dispersion as a parameter of the likelihood, or as one more output of the decoder. */
export interface Dispersion {
  readonly description: string;
  /** Outputs of the decoder it takes: 0 or 1. */
  readonly outputs: number;
  readonly initialLog: number;
  init(dataSize: number): HostParams;
  /** log r, from the parameters or from that output. */
  logDispersion(params: SymbolicParams, output: Tensor | undefined): Tensor;
}

/** The dispersion that `options` ask for. */
export function dispersionOf({ dispersion = 'per-dimension', initialDispersion = 1 }: DispersionOptions): Dispersion {
  if (!(initialDispersion > 0 && Number.isFinite(initialDispersion))) {
    throw new ReparamError('config', 'dispersion of a negative binomial likelihood', {
      got: String(initialDispersion),
      expected: 'a positive number',
    });
  }
  const initialLog = Math.log(initialDispersion);
  return {
    description: `learned dispersion (${dispersion})`,
    outputs: dispersion === 'per-value' ? 1 : 0,
    initialLog,
    init(dataSize): HostParams {
      if (dispersion === 'per-value') return {};
      const shape = dispersion === 'shared' ? [] : [dataSize];
      return { logDispersion: hostTensor(new Float32Array(shape[0] ?? 1).fill(initialLog), shape) };
    },
    logDispersion: (params, output) => output ?? leaf(params, 'logDispersion'),
  };
}
