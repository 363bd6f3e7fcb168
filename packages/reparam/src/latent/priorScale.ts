import { broadcastTo, constant, evaluate, type Float32Tensor, ReparamError, reshape, slice } from '@reparam/tensor';
import { noiseContext } from '../context.ts';
import type { LatentModel } from '../models/index.ts';
import type { HostParams } from '../params.ts';
import { constants } from './constants.ts';
import { diagonalOf } from './encode.ts';

/** Maps a standard-normal score to the value of latent dimension `dim` at the same quantile of the prior. */
export type PriorScale = (dim: number, score: number) => number;

/** The prior's quantiles (of p(z given c) at the first row of `condition`), for diagonal normal priors; `unsupported` for others. */
export function priorScale(model: LatentModel, params: HostParams, condition?: Float32Tensor): PriorScale {
  const given = condition && { condition: slice(constant(condition), 0, 0, 1) };
  const base = diagonalOf(model.prior(constants(params), noiseContext(noNoise, given)));
  if (!base) {
    throw new ReparamError('unsupported', 'quantiles of this prior are not known', {
      got: model.describe().prior,
      expected: 'a normal prior with independent dimensions',
      fix: 'Use sample, or interpolate between codes of examples',
    });
  }
  const [loc, scale] = evaluate(
    [base.loc, base.scale].map((t) => reshape(broadcastTo(t, base.batchShape), [model.latentDim])),
    new Map(),
  );
  return (dim, score) => Number(loc!.data[dim]) + Number(scale!.data[dim]) * score;
}

function noNoise(site: string): never {
  throw new ReparamError('unsupported', 'a prior that draws noise has no quantiles', { at: site });
}
