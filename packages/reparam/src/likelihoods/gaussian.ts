import { constant, hostTensor, ReparamError } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import { type HostParams, leaf } from '../params.ts';
import type { Likelihood } from './likelihood.ts';

/** Options of the Gaussian likelihood. */
export interface GaussianOptions {
  /** A fixed standard deviation, one learned for all values (`shared`), or one learned for each (`per-dimension`). */
  readonly scale?: number | 'shared' | 'per-dimension';
  /** Where a learned scale starts. */
  readonly initialScale?: number;
}

/**
 * Normal values; the decoder gives their means. A learned scale is a parameter like any other: at evaluation it is
 * the trained value, never refitted. Full covariance is not offered.
 */
export function gaussianLikelihood({ scale = 'shared', initialScale = 0.5 }: GaussianOptions = {}): Likelihood {
  const isFixed = typeof scale === 'number';
  const start = isFixed ? scale : initialScale;
  if (!(start > 0 && Number.isFinite(start))) {
    throw new ReparamError('config', 'standard deviation of a Gaussian likelihood', {
      got: String(start),
      expected: 'a positive number',
    });
  }
  return {
    description: isFixed ? `Gaussian, σ = ${scale}` : `Gaussian, learned σ (${scale})`,
    support: 'real',
    outputsPerValue: 1,
    init(dataSize): HostParams {
      if (isFixed) return {};
      const shape = scale === 'shared' ? [] : [dataSize];
      return { logScale: hostTensor(new Float32Array(shape[0] ?? 1).fill(Math.log(initialScale)), shape) };
    },
    initialBias: (dataMean) => Float32Array.from(dataMean),
    distribution: (params, output) =>
      independent(
        isFixed
          ? normal({ loc: output, scale: constant(scale) })
          : normal({ loc: output, logScale: leaf(params, 'logScale') }),
      ),
  };
}
