import {
  broadcastTo,
  constant,
  erf,
  evaluate,
  type Float32Tensor,
  ReparamError,
  reshape,
  slice,
  softmax,
  type Tensor,
} from '@reparam/tensor';
import { noiseContext } from '../context.ts';
import { type Distribution, Mixture, type Normal } from '../distributions/index.ts';
import type { LatentModel } from '../models/index.ts';
import { constants, type HostParams } from '../params.ts';
import { diagonalOf } from './encode.ts';

/** Maps a standard-normal score to the value of latent dimension `dim` at the same quantile of the prior. */
export type PriorScale = (dim: number, score: number) => number;

/**
 * Quantiles of each dimension of the prior (of p(z given c) at the first row of `condition`): of diagonal normals, and of
 * mixtures of them, whose dimensions are not independent. `unsupported` for others.
 */
export function priorScale(model: LatentModel, params: HostParams, condition?: Float32Tensor): PriorScale {
  const prior = priorOf(model, params, condition);
  const base = diagonalOf(prior);
  const { latentDim } = model;
  if (base) {
    const [loc, scale] = numbersOf(base, latentDim);
    return (dim, score) => loc![dim]! + scale![dim]! * score;
  }
  const components = prior instanceof Mixture ? diagonalOf(prior.components) : undefined;
  if (prior instanceof Mixture && components) return mixtureScale(prior, components, latentDim);
  throw new ReparamError('unsupported', 'quantiles of this prior are not known', {
    got: model.describe().prior,
    expected: 'a normal prior with independent dimensions, or a mixture of such',
    fix: 'Use sample, or interpolate between codes of examples',
  });
}

/** Whether `priorScale` knows the prior of an unconditional model. */
export function hasQuantiles(model: LatentModel, params: HostParams): boolean {
  const prior = priorOf(model, params);
  return diagonalOf(prior instanceof Mixture ? prior.components : prior) !== undefined;
}

function priorOf(model: LatentModel, params: HostParams, condition?: Float32Tensor): Distribution {
  const given = condition && { condition: slice(constant(condition), 0, 0, 1) };
  return model.prior(constants(params), noiseContext(noNoise, given));
}

/** Means and standard deviations, row-major with `latentDim` columns. */
const numbersOf = (base: Normal, latentDim: number): number[][] =>
  compute([base.loc, base.scale].map((t) => reshape(broadcastTo(t, base.batchShape), [-1, latentDim])));

const compute = (tensors: Tensor[]): number[][] =>
  evaluate(tensors, new Map()).map(({ data }) => Array.from(data as Float64Array, Number));

/** The marginal quantiles of a mixture, by bisection. */
function mixtureScale(prior: Mixture, components: Normal, latentDim: number): PriorScale {
  const [loc, scale] = numbersOf(components, latentDim) as [number[], number[]];
  const [weights] = compute([softmax(prior.logits)]) as [number[]];
  const below = (dim: number, x: number): number => {
    const scores = weights.map((_, k) => (x - loc[k * latentDim + dim]!) / scale[k * latentDim + dim]!);
    return weights.reduce((sum, w, k) => sum + w * normalCdf(scores[k]!), 0);
  };
  return (dim, score) => {
    const wanted = normalCdf(score);
    const ends = weights.flatMap((_, k) => {
      const [m, s] = [loc[k * latentDim + dim]!, scale[k * latentDim + dim]!];
      return [m - (Math.abs(score) + 1) * s, m + (Math.abs(score) + 1) * s];
    });
    let [low, high] = [Math.min(...ends), Math.max(...ends)];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (below(dim, middle) < wanted) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
}

/** Φ. */
const normalCdf = (x: number): number => {
  const [value] = compute([erf(constant(x * Math.SQRT1_2))]);
  return (1 + value![0]!) / 2;
};

function noNoise(site: string): never {
  throw new ReparamError('unsupported', 'a prior that draws noise has no quantiles', { at: site });
}
