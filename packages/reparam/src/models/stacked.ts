import { add, foldIn, hostTensor, mul, neg, square, sub, sum, type Tensor } from '@reparam/tensor';
import { apartFromBatch, type Context } from '../context.ts';
import { independent, normal } from '../distributions/index.ts';
import type { Likelihood } from '../likelihoods/index.ts';
import { branch, type HostParams, leaf, type SymbolicParams } from '../params.ts';
import type { LatentModel } from './latentModel.ts';

/** A draw of the codes that a stacked model is about, and what the step from examples to codes adds to the bound. */
export interface CodeDraw {
  /** z₁ ~ q(z₁ given x) [B, d₁], 0 where a dimension is left out. */
  readonly value: Tensor;
  /** −log p(x given z₁): [B]. */
  readonly distortion: Tensor;
  /** log q(z₁ given x) − log N(z₁; 0, I) of the dimensions left out: [B]. */
  readonly rate: Tensor;
}

/** The parts of a stacked model. */
export interface StackedOptions {
  /** The model of examples, trained before and kept as it is: M1. */
  readonly lower: LatentModel;
  /** Makes the model of its codes from their shape and likelihood: M2. */
  readonly upper: (dataShape: readonly number[], likelihood: Likelihood) => LatentModel;
}

/**
 * One model on the codes of another (Kingma et al. 2014, M1+M2): p(upper latents) p(z₁ given those) p(x given z₁). What is trained
 * is the upper model, on codes z₁ ~ q(z₁ given x) drawn anew at each presentation; parameters of the lower one are buffers.
 * Dimensions of z₁ that hold nothing (`buffers.kept` = 0) are left to N(0, 1). Codes and predictions of an example go by the
 * mean of q(z₁ given x), and a code is decoded through the mean of z₁.
 */
export function stacked({ lower, upper: make }: StackedOptions): LatentModel {
  const size = lower.latentDim;
  const upper = make([size], keptNormal(size));
  const keptOf = (params: SymbolicParams) => leaf(branch(params, 'buffers'), 'kept');
  const lowerOf = (params: SymbolicParams) => branch(branch(params, 'buffers') as SymbolicParams, 'lower');
  const upperOf = (params: SymbolicParams): SymbolicParams => {
    const own = branch(params, 'upper');
    return { ...own, likelihood: { ...branch(own, 'likelihood'), kept: keptOf(params) } };
  };
  const below = (context: Context) => apartFromBatch(context.child('lower'));
  const meanCode = (params: SymbolicParams, x: Tensor, context: Context) =>
    mul(lower.encode(lowerOf(params), x, below(context)).mean, keptOf(params));
  const { labels } = upper;
  return {
    dataShape: lower.dataShape,
    latentDim: upper.latentDim,
    support: lower.support,
    conditionSize: upper.conditionSize,
    quantity: lower.quantity,
    codes: {
      model: upper,
      params: upperOf,
      draw(params, x, context) {
        const given = below(context);
        const own = lowerOf(params);
        const { value: z, logProb } = lower.encode(own, x, given).rsampleWithLogProb(given.site('z'));
        const kept = keptOf(params);
        const others = mul(add(square(z), Math.log(2 * Math.PI)), mul(sub(1, kept), -0.5));
        return {
          value: mul(z, kept),
          distortion: neg(lower.decode(own, z, given).logProb(x)),
          rate: sub(logProb, sum(others, { axes: -1 })),
        };
      },
    },
    init: (key, options) => {
      const { likelihood, ...own } = upper.init(foldIn(key, 'upper'));
      const { kept: _, ...learned } = likelihood as HostParams;
      return {
        upper: { ...own, likelihood: learned },
        buffers: {
          lower: lower.init(foldIn(key, 'lower'), options),
          kept: hostTensor(new Float32Array(size).fill(1), [size]),
        },
      };
    },
    prior: (params, context) => upper.prior(upperOf(params), context),
    encode: (params, x, context) => upper.encode(upperOf(params), meanCode(params, x, context), context),
    decode: (params, z, context) =>
      lower.decode(lowerOf(params), upper.decode(upperOf(params), z, context).mean, below(context)),
    labels: labels && {
      ...labels,
      logits: (params, x, context) => labels.logits(upperOf(params), meanCode(params, x, context), context),
      logPrior: labels.logPrior && ((params) => labels.logPrior!(upperOf(params))),
    },
    describe() {
      const [own, under] = [upper.describe(), lower.describe()];
      return {
        prior: own.prior,
        posterior: own.posterior,
        likelihood: under.likelihood,
        encoder: `${under.encoder}; z₁ ~ ${under.posterior}; ${own.encoder}`,
        decoder: `${own.decoder}; z₁: ${own.likelihood}; ${under.decoder}`,
      };
    },
  };
}

/** Normal values with one learned σ, of which those where `kept` is 0 count nothing. */
function keptNormal(size: number): Likelihood {
  return {
    description: 'Gaussian, learned σ (shared)',
    support: 'real',
    outputsPerValue: 1,
    init: () => ({
      logScale: hostTensor(Float32Array.of(0), []),
      kept: hostTensor(new Float32Array(size).fill(1), [size]),
    }),
    initialBias: (dataMean) => Float32Array.from(dataMean),
    distribution(params, output) {
      const kept = leaf(params, 'kept');
      // A normal of standard deviation 1/√2π has the density 1 at its mean.
      const rest = mul(sub(1, kept), Math.log(2 * Math.PI) / -2);
      return independent(normal({ loc: mul(output, kept), logScale: add(mul(kept, leaf(params, 'logScale')), rest) }));
    },
  };
}

/** Parameters of a stacked model with the lower model's own, and 1 for each of its dimensions that is kept. */
export const withLower = (params: HostParams, lower: HostParams, kept: Float32Array): HostParams => ({
  ...params,
  buffers: { ...branch(params, 'buffers'), lower, kept: hostTensor(kept, [kept.length]) },
});
