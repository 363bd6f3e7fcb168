import {
  add,
  cast,
  exp,
  greater,
  less,
  log,
  maximum,
  mul,
  reshape,
  sub,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import type { Context } from '../context.ts';
import { perValueLogProb } from '../metrics/index.ts';
import type { LatentModel } from '../models/index.ts';
import type { SymbolicParams } from '../params.ts';

/** Where chains stand, and what is summed over their kept steps. */
export interface Chain<T> {
  /** Values [B, D] and code [B, latentDim]. */
  readonly x: T;
  readonly z: T;
  /** The likelihood's mean at the code, known values as they are [B, D], and its sum. */
  readonly mean: T;
  readonly meanSum: T;
  /** Running maximum and sum relative to it of p(missing given z) [B]. */
  readonly peak: T;
  readonly total: T;
  /** Accepted proposals [B]. */
  readonly accepted: T;
}

/** What a step of the chains is given beside their state. */
export interface ChainStep {
  readonly truth: Tensor;
  /** [B, D]: 1 where a value is missing. */
  readonly missing: Tensor;
  /** [1]: 1 where every proposal is accepted. */
  readonly always: Tensor;
  /** [1]: 1 where the step counts. */
  readonly kept: Tensor;
}

const noWeight = 1e30;

/**
 * One step of the chains: a new code given the values, and new missing values given the code. `hasValues` says whether the
 * likelihood's values are independent given z, so that p(missing given z) is known.
 */
export function imputeStep(
  model: LatentModel,
  params: SymbolicParams,
  chain: Chain<Tensor>,
  { truth, missing, always, kept }: ChainStep,
  { corrected, context }: { readonly corrected: boolean; readonly context: Context },
): { readonly chain: Chain<Tensor>; readonly hasValues: boolean } {
  const rows = truth.shape[0]!;
  const { x } = chain;
  const q = model.encode(params, x, context);
  const proposed = q.rsampleWithLogProb(context.site('impute/z'));
  let z = proposed.value;
  let accepted = chain.accepted;
  if (corrected) {
    const prior = model.prior(params, context);
    const weight = (code: Tensor, logQ: Tensor) =>
      sub(add(model.decode(params, code, context).logProb(x), prior.logProb(code)), logQ);
    const logRatio = sub(weight(z, proposed.logProb), weight(chain.z, q.logProb(chain.z)));
    const uniform = context.site('impute/accept').draw('uniform', [rows], 0);
    const accepts = cast(less(log(uniform), logRatio), 'float32');
    accepted = add(accepted, mul(accepts, sub(1, always)));
    z = where(greater(reshape(add(accepts, always), [rows, 1]), 0), z, chain.z);
  }
  const isMissing = greater(missing, 0.5);
  const likelihood = model.decode(params, z, context);
  const mean = where(isMissing, likelihood.mean, truth);
  const values = perValueLogProb(likelihood, truth);
  const ofMissing = values ? sum(where(isMissing, values, 0), { axes: -1 }) : mul(chain.peak, 0);
  const weight = sub(ofMissing, mul(sub(1, kept), noWeight));
  const peak = maximum(chain.peak, weight);
  const next = {
    x: where(isMissing, likelihood.sample(context.site('impute/x')), truth),
    z,
    mean,
    meanSum: add(chain.meanSum, mul(mean, kept)),
    peak,
    total: add(mul(chain.total, exp(sub(chain.peak, peak))), mul(kept, exp(sub(weight, peak)))),
    accepted,
  };
  return { chain: next, hasValues: values !== undefined };
}
