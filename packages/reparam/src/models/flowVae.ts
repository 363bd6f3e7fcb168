import { foldIn, ReparamError, sizeOf } from '@reparam/tensor';
import { independent, normal } from '../distributions/index.ts';
import { bindFlow, type Flow, PushForward } from '../flows/index.ts';
import { branch } from '../params.ts';
import { standardNormal } from '../priors/index.ts';
import type { LatentModel } from './latentModel.ts';

/** The parts of a flow used as encoder and decoder. */
export interface FlowVaeOptions {
  /** Shape of one example. */
  readonly dataShape: readonly number[];
  /** Read from data to code; it needs an inverse, which is the decoder. */
  readonly flow: Flow;
  /** Standard deviation of the noise around data, in its units; the smaller, the closer to the flow itself. */
  readonly scale: number;
}

/**
 * A variational autoencoder whose encoder and decoder are one flow f: q(z given x) is the distribution of f(x + s ε), and
 * p(x given z) = N(f⁻¹(z), s² I). Its bound is E_ε log p_f(x + s ε), which goes to the exact log-likelihood of the flow as s → 0: the
 * theorem of Nielsen et al. 2020, before the limit. Rate and distortion grow as ∓D log s on the way and cancel.
 */
export function flowVae({ dataShape, flow, scale }: FlowVaeOptions): LatentModel {
  if (!(scale > 0 && Number.isFinite(scale))) {
    throw new ReparamError('config', 'noise of a flow autoencoder', {
      got: String(scale),
      expected: 'a positive number',
      fix: 'Use flowModel, which is the limit of no noise',
    });
  }
  const dim = sizeOf(dataShape);
  const base = standardNormal();
  const bind = (params: Parameters<LatentModel['prior']>[0], context: Parameters<LatentModel['prior']>[1]) =>
    bindFlow(flow, branch(params, 'flow') ?? {}, context.child('flow'));
  return {
    dataShape,
    latentDim: dim,
    support: 'real',
    init: (key, { dataRows } = {}) => ({ flow: flow.init(foldIn(key, 'flow'), dim, { rows: dataRows }) }),
    prior: (_, context) =>
      base.distribution({}, dim, context, () => {
        throw new Error('N(0, I) is not made of codes');
      }),
    encode: (params, x, context) => new PushForward(independent(normal({ loc: x, scale })), bind(params, context)),
    decode(params, z, context) {
      const { inverse, description } = bind(params, context);
      if (inverse) return independent(normal({ loc: inverse(z).value, scale }));
      throw new ReparamError('unsupported', 'the decoder is the inverse of the flow', {
        got: `${description}, whose inverse has no closed form`,
        fix: 'Use coupling or linear flows',
      });
    },
    describe: () => ({
      prior: base.description,
      posterior: `f(x + s ε), s = ${scale}`,
      likelihood: `Gaussian, σ = ${scale}, around the inverse of f`,
      encoder: flow.description,
      decoder: 'the inverse of the encoder',
    }),
  };
}
