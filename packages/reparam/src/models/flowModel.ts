import {
  constant,
  evaluate,
  foldIn,
  hostTensor,
  type Key,
  mean,
  ReparamError,
  sizeOf,
  sub,
  uniformArray,
} from '@reparam/tensor';
import { bindFlow, type Flow, invertFlow, unrolledDims } from '../flows/index.ts';
import { branch } from '../params.ts';
import { type Prior, standardNormal } from '../priors/index.ts';
import { FlowCode, type FlowDraw, PointLikelihood } from './flowCode.ts';
import type { LatentModel } from './latentModel.ts';
import { realValues, type Treatment } from './treatment.ts';

/** The parts of a flow used as a density model. */
export interface FlowModelOptions {
  /** Shape of one example. */
  readonly dataShape: readonly number[];
  /** Read from data to base. */
  readonly flow: Flow;
  /** Distribution of the base; default N(0, I). */
  readonly base?: Prior;
  /** How values become real numbers; default as they are. Images: `dequantizedLogits`. */
  readonly treatment?: Treatment;
  /** Numbers of the condition that the flow finds in its context; leave out for an unconditional model. */
  readonly conditionSize?: number | undefined;
}

/**
 * A normalising flow as a latent-variable model: q(z given x) = δ(z − f(x)) and p(x given z) = δ(x − f⁻¹(z)), whose evidence lower
 * bound is the exact log-likelihood log p(f(x)) + log abs det J_f(x) (Nielsen et al. 2020). Everything is in the code and nothing is lost:
 * the rate is −log p(x), the distortion 0. Of dequantised data the ELBO is the usual lower bound on the log-probability of the
 * pixels, one draw of the noise an example; more draws bring it closer.
 * @example flowModel({ dataShape: [2], flow: chain([actNorm(), maskedAutoregressive({ hidden: [100, 100] })]) })
 */
export function flowModel(options: FlowModelOptions): LatentModel {
  const { dataShape, flow, base = standardNormal(), treatment = realValues(), conditionSize } = options;
  const dim = sizeOf(dataShape);
  const isSequential = hasSequentialPart(flow);
  if (isSequential && dim > unrolledDims && conditionSize !== undefined) {
    throw new ReparamError('unsupported', 'a conditional autoregressive flow of many dimensions', {
      got: `${dim} dimensions`,
      expected: `at most ${unrolledDims}, or a flow with an inverse in one pass`,
    });
  }
  const bind = (...[params, context]: [Parameters<LatentModel['prior']>[0], Parameters<LatentModel['prior']>[1]]) =>
    bindFlow(flow, branch(params, 'flow') ?? {}, context.child('flow'), context.condition);
  return {
    dataShape,
    latentDim: dim,
    support: treatment.support,
    conditionSize,
    bound: 'exact',
    quantity: treatment.isNoisy ? 'probability' : 'density',
    init: (key, { dataRows } = {}) => ({
      flow: flow.init(foldIn(key, 'flow'), dim, {
        features: conditionSize,
        rows: dataRows && treatedRows(treatment, dataRows, dim, foldIn(key, 'noise')),
      }),
      prior: base.init(foldIn(key, 'prior'), dim, { dataSize: dim, conditionSize }),
    }),
    prior: (params, context) =>
      base.distribution(branch(params, 'prior') ?? {}, dim, context.child('prior'), () => {
        throw new ReparamError('unsupported', 'a base that is made of codes of examples', { got: base.description });
      }),
    encode: (params, x, context) => new FlowCode(x, bind(params, context), treatment),
    decode: (params, z, context) =>
      new PointLikelihood(z.shape.slice(0, -1), () => {
        const { inverse, description } = bind(params, context);
        if (inverse) return treatment.inverse(inverse(z).value);
        throw new ReparamError('unsupported', 'examples from codes need the inverse of the flow', {
          got: `${description}, whose inverse has no closed form`,
          fix: 'Use coupling, autoregressive or linear flows',
        });
      }),
    // Quicker than the unrolled graph, which takes long to compile.
    ...(isSequential &&
      conditionSize === undefined && {
        async decodeRows(params, z, run) {
          const v = await invertFlow(flow, branch(params, 'flow') ?? {}, z, run);
          const [x] = evaluate([treatment.inverse(constant(v))], new Map());
          return hostTensor(Float32Array.from(x!.data as Float64Array), v.shape);
        },
      }),
    figures(draw, elbo) {
      const logDet = mean((draw as FlowDraw).treatmentLogDet, { axes: 0 });
      return treatment.figures(sub(elbo, logDet), logDet, dim);
    },
    describe: () => ({
      prior: base.description,
      posterior: 'point mass at f(x)',
      likelihood: `point mass at the inverse of f; ${treatment.description}`,
      encoder: flow.description,
      decoder: 'the inverse of the encoder',
    }),
  };
}

/** Whether inverting `flow` takes a pass for each dimension. */
const hasSequentialPart = (flow: Flow): boolean =>
  flow.sequential !== undefined || (flow.parts ?? []).some(hasSequentialPart);

/** Examples as they enter the flow. */
function treatedRows(treatment: Treatment, rows: Float64Array, dim: number, key: Key): Float64Array {
  const matrix = (data: Float64Array) => constant(hostTensor(data, [rows.length / dim, dim]));
  const noise = matrix(Float64Array.from(uniformArray(key, rows.length)));
  const [value] = evaluate([treatment.forward(matrix(rows), noise).value], new Map());
  return Float64Array.from(value!.data as Float64Array);
}
