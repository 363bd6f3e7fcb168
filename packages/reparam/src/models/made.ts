import { broadcastTo, cast, constant, foldIn, less, sizeOf } from '@reparam/tensor';
import { independent, logistic } from '../distributions/index.ts';
import { dimensionByDimension, type Sequential, unroll } from '../flows/index.ts';
import { type ActivationName, type DimensionOrder, dimensionRanks, maskedMlp } from '../nn/index.ts';
import { branch } from '../params.ts';
import { PointLikelihood } from './flowCode.ts';
import type { LatentModel } from './latentModel.ts';
import { ThresholdCode } from './thresholdCode.ts';

/** The net of a masked autoregressive model of bits. */
export interface MadeOptions {
  /** Shape of one example. */
  readonly dataShape: readonly number[];
  readonly hidden: readonly number[];
  readonly activation?: ActivationName;
  readonly order?: DimensionOrder;
}

/**
 * p(x) = Π_i p(x_i given x_<i) for bits, all factors at once by a masked net (Germain et al. 2015). As a latent-variable model: bit i is
 * 1 where z_i < l_i(x_<i), z_i standard logistic and l the net's logits, so q(z given x) is a truncated logistic on the right side of l
 * and the evidence lower bound is Σ log σ(±l_i), the exact log-likelihood, whatever is drawn. Drawing bits takes a pass of the net
 * for each.
 * @example made({ dataShape: [28, 28], hidden: [500] })
 */
export function made({ dataShape, hidden, activation = 'relu', order = 'natural' }: MadeOptions): LatentModel {
  const dim = sizeOf(dataShape);
  const net = maskedMlp({ hidden, activation, order, outputsPerDim: 1 });
  const bits: Sequential = {
    ranks: (size) => dimensionRanks(order, size),
    step: (params, guess, z, context) => cast(less(z, net.apply(branch(params, 'net'), guess, context)), 'float32'),
  };
  const base = () => independent(logistic({ loc: broadcastTo(constant(0), [dim]), scale: 1 }));
  return {
    dataShape,
    latentDim: dim,
    support: 'binary',
    bound: 'exact',
    init: (key) => ({ net: net.init(foldIn(key, 'net'), dim) }),
    prior: base,
    encode: (params, x, context) => new ThresholdCode(x, net.apply(branch(params, 'net'), x, context.child('net'))),
    decode: (params, z, context) =>
      new PointLikelihood(z.shape.slice(0, -1), () => unroll(bits, params, z, context.child('net'))),
    decodeRows: (params, z, options) => dimensionByDimension(bits, params, z, options),
    describe: () => ({
      prior: 'standard logistic',
      posterior: 'logistic on the side of the threshold that the bit is on',
      likelihood: 'Bernoulli, each bit given those before it (as a threshold of z)',
      encoder: `masked net ${hidden.join('-')} ${activation}`,
      decoder: 'the same, a pass for each bit',
    }),
  };
}
