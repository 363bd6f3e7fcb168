import { constant, hostTensor, ReparamError, type Tensor } from '@reparam/tensor';
import { type HostParams, leaf, type SymbolicParams } from '../params.ts';

/** The scale of a location-scale likelihood. */
export interface ScaleOptions {
  /** A fixed scale, one learned for all values (`shared`), or one learned for each (`per-dimension`). */
  readonly scale?: number | 'shared' | 'per-dimension';
  /** Where a learned scale starts. */
  readonly initialScale?: number;
}

/** A scale that is fixed or a parameter of the likelihood: at evaluation it is the trained value, never refitted. */
export interface Scale {
  readonly description: string;
  init(dataSize: number): HostParams;
  /** What the distribution is given beside its centres. */
  parameter(params: SymbolicParams): { readonly scale: Tensor } | { readonly logScale: Tensor };
}

/** The scale of the family called `family`, written `symbol` in descriptions. */
export function scaleOf(family: string, symbol: string, options: ScaleOptions): Scale {
  const { scale = 'shared', initialScale = 0.5 } = options;
  const isFixed = typeof scale === 'number';
  const start = isFixed ? scale : initialScale;
  if (!(start > 0 && Number.isFinite(start))) {
    throw new ReparamError('config', `scale of a ${family} likelihood`, {
      got: String(start),
      expected: 'a positive number',
    });
  }
  return {
    description: isFixed ? `${family}, ${symbol} = ${scale}` : `${family}, learned ${symbol} (${scale})`,
    init(dataSize): HostParams {
      if (isFixed) return {};
      const shape = scale === 'shared' ? [] : [dataSize];
      return { logScale: hostTensor(new Float32Array(shape[0] ?? 1).fill(Math.log(initialScale)), shape) };
    },
    parameter: (params) => (isFixed ? { scale: constant(scale) } : { logScale: leaf(params, 'logScale') }),
  };
}
