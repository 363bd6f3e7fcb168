import {
  add,
  broadcastTo,
  constant,
  exp,
  type HostTensor,
  key,
  mean,
  mul,
  neg,
  reshape,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@reparam/tensor';
import type { Context } from '../context.ts';
import type { AnyDataset } from '../data/index.ts';
import { analyticKl, Independent } from '../distributions/index.ts';
import type { LatentModel } from '../models/index.ts';
import { classBound, sumsOutClasses } from '../objectives/classBound.ts';
import { requireClasses, summedOut } from '../objectives/m2.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import { classificationFigures, mostProbable } from './classification.ts';
import { compileRows, type RowsOptions, type RowsRun } from './rows.ts';
import { estimate } from './statistics.ts';

/** What the names of a model's own figures begin with, among the rows. */
export const figure = 'figure:';

/** Distortion, rate (KL in closed form where there is one), posterior mean and KL per dimension, one row an example. */
export function boundRows(model: LatentModel, numSamples: number) {
  return (params: SymbolicParams, x: Tensor, context: Context): Record<string, Tensor> => {
    if (model.codes) return codeRows(model.codes, numSamples, params, x, context);
    if (sumsOutClasses(model, context)) return classRows(model, numSamples, params, x, context);
    const q = model.encode(params, x, context);
    const p = model.prior(params, context);
    const draws = q.rsampleWithLogProb(context.site('z'), [numSamples]);
    const { value: z, logProb: logQ } = draws;
    const logLikelihood = mean(model.decode(params, z, context).logProb(x), { axes: 0 });
    const zero = model.bound === 'none' ? broadcastTo(constant(0), q.batchShape) : undefined;
    const rate = zero ?? analyticKl(q, p) ?? mean(sub(logQ, p.logProb(z)), { axes: 0 });
    const perDimension = q instanceof Independent && p instanceof Independent ? analyticKl(q.base, p.base) : undefined;
    const elbo = neg(add(neg(logLikelihood), rate));
    const figures = Object.entries(model.figures?.(draws, elbo) ?? {}).map(([name, value]) => [figure + name, value]);
    return {
      distortion: neg(logLikelihood),
      rate,
      elbo,
      mean: q.mean,
      ...(perDimension && { klPerDimension: perDimension }),
      ...(Object.fromEntries(figures) as Record<string, Tensor>),
    };
  };
}

/** The same of a model of codes: the step from examples to codes beside what bounds the density of the codes. */
function codeRows(
  codes: NonNullable<LatentModel['codes']>,
  numSamples: number,
  params: SymbolicParams,
  x: Tensor,
  context: Context,
): Record<string, Tensor> {
  const { value, distortion, rate: step } = codes.draw(params, x, context);
  const rows = boundRows(codes.model, numSamples)(codes.params(params), value, context);
  const rate = sub(step, rows.elbo!);
  return { ...rows, distortion, rate, elbo: neg(add(distortion, rate)) };
}

/** The same without labels, of a model in which the class is a variable: summed out by q(y given x). */
function classRows(
  model: LatentModel,
  numSamples: number,
  params: SymbolicParams,
  x: Tensor,
  context: Context,
): Record<string, Tensor> {
  const labels = requireClasses(model);
  const logQ = labels.logits(params, x, context);
  const { q, p, rows, ...bound } = classBound(model, params, { x }, context, { numSamples });
  const perClass = (t: Tensor, axis: number) => rows.unlabelled!(t, axis);
  const total = summedOut(logQ, labels.logPrior(params), perClass(bound.distortion, 0), perClass(bound.rate, 0));
  const { distortion, rateOfZ, rateOfClass } = total;
  const rate = add(rateOfZ, rateOfClass);
  const probs = reshape(transpose(exp(logQ), [1, 0]), [labels.numLabels, x.shape[0]!, 1]);
  const average = (t: Tensor) => sum(mul(perClass(t, 0), probs), { axes: 0 });
  const perDimension = q instanceof Independent && p instanceof Independent ? analyticKl(q.base, p.base) : undefined;
  return {
    distortion,
    rate,
    elbo: neg(add(distortion, rate)),
    mean: average(q.mean),
    ...(perDimension && { klPerDimension: average(perDimension) }),
    [`${figure}classRate`]: rateOfClass,
  };
}

/** `dataset` as a model sees it that does not know the class: without the condition, where the class is a variable of the model. */
export const withoutClass = <D extends AnyDataset>(model: LatentModel, dataset: D): D =>
  model.labels?.logPrior ? { ...dataset, condition: undefined } : dataset;

/** Averages over a data set, nats per example. */
export interface BoundAverages {
  readonly elbo: number;
  readonly rate: number;
  readonly distortion: number;
  /** Share of the labelled examples whose class the model tells, where it tells one. */
  readonly accuracy?: number;
}

/** Averages of the bound's terms over a data set, to be computed again and again for new parameters. */
export interface BoundEvaluator {
  run(params: HostParams, options: RowsRun): Promise<BoundAverages>;
  dispose(): Promise<void>;
}

export const evaluateBound = {
  /**
   * Compiles the evaluation of ELBO, rate and distortion (one draw of z an example) on examples, and of the accuracy
   * where the model tells the class and examples have one.
   */
  async prepare(model: LatentModel, given: AnyDataset, options: RowsOptions): Promise<BoundEvaluator> {
    const dataset = withoutClass(model, given);
    const told = model.labels?.kind === 'categorical' && dataset.labels?.some((label) => label >= 0);
    const rows = await compileRows(
      (params, x, context) => {
        const { elbo, rate, distortion } = boundRows(model, 1)(params, x, context) as Record<string, Tensor>;
        const averaged: Record<string, Tensor> = { elbo: elbo!, rate: rate!, distortion: distortion! };
        return told ? { ...averaged, scores: model.labels!.logits(params, x, context) } : averaged;
      },
      model.init(key(0)),
      dataset,
      options,
    );
    return {
      async run(params, run) {
        const results = await rows.run(params, run);
        const valuesOf = (name: string) => (results[name] as HostTensor).data as Float32Array;
        const average = (name: string) => estimate(valuesOf(name)).value;
        const accuracy = () => {
          const { numLabels } = model.labels!;
          return classificationFigures(mostProbable(valuesOf('scores'), numLabels), dataset.labels!, numLabels).accuracy
            .value;
        };
        return {
          elbo: average('elbo'),
          rate: average('rate'),
          distortion: average('distortion'),
          ...(told && { accuracy: accuracy() }),
        };
      },
      dispose: () => rows.dispose(),
    };
  },
};
