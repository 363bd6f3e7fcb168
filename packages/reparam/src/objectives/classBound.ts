import { mean, neg, sub, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import { analyticKl, type Distribution, type Reparameterizable } from '../distributions/index.ts';
import type { LatentModel } from '../models/latentModel.ts';
import type { SymbolicParams } from '../params.ts';
import { type ClassRows, classRows } from './classRows.ts';

/** Whether figures of `model` are sums over classes here: the class is a variable of it, and none is given. */
export const sumsOutClasses = ({ labels }: LatentModel, { condition }: { readonly condition?: unknown }): boolean =>
  labels?.logPrior !== undefined && !condition;

/** Draws of z for rows with a class each, R of them, and what the bound on log p(x given y) is made of. */
export interface ClassBound {
  readonly rows: ClassRows;
  readonly q: Reparameterizable;
  readonly p: Distribution;
  /** [R, latentDim], or [numSamples, R, latentDim]. */
  readonly z: Tensor;
  /** log q(z given x, y) of each draw. */
  readonly logQ: Tensor;
  /** log p(x given y, z) of each draw. */
  readonly logLikelihood: Tensor;
  /** −E_q log p(x given y, z), averaged over the draws: [R]. */
  readonly distortion: Tensor;
  /** KL(q(z given x, y) ‖ p(z)), in closed form where there is one: [R]. */
  readonly rate: Tensor;
}

/**
 * One pass through a model whose condition is the class: rows with `targets` [L, K], the first L, with the class they say, the
 * others once with each. Every class has draws of its own.
 */
export function classBound(
  model: LatentModel,
  params: SymbolicParams,
  { x, targets }: { readonly x: Tensor; readonly targets?: Tensor | undefined },
  context: Context,
  { numSamples, site = 'z' }: { readonly numSamples?: number | undefined; readonly site?: string } = {},
): ClassBound {
  const rows = classRows(context, x.shape[0] as number, model.conditionSize!, targets);
  const q = model.encode(params, x, rows.encoding);
  const p = model.prior(params, rows.decoding);
  const overDraws = (t: Tensor) => (numSamples === undefined ? t : mean(t, { axes: 0 }));
  const drawn = q.rsampleWithLogProb(rows.decoding.site(site), numSamples === undefined ? [] : [numSamples]);
  const { value: z, logProb: logQ } = drawn;
  const logLikelihood = model.decode(params, z, rows.decoding).logProb(rows.spread(x));
  const rate = analyticKl(q, p) ?? overDraws(sub(logQ, p.logProb(z)));
  return { rows, q, p, z, logQ, logLikelihood, distortion: neg(overDraws(logLikelihood)), rate };
}
