import {
  add,
  concat,
  constant,
  div,
  exp,
  hostTensor,
  log,
  max,
  mul,
  ReparamError,
  reshape,
  sigmoid,
  slice,
  stopGradient,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import type { Context } from '../context.ts';
import { Bernoulli, type Distribution, Independent, isReparameterizable } from '../distributions/index.ts';
import { bothOutcomes, crossEntropy, type LabelKind, logOutcomes } from '../distributions/labelOutcomes.ts';
import type { LabelPrediction, LatentModel } from '../models/latentModel.ts';
import type { ScheduleLike } from '../optim/index.ts';
import type { SymbolicParams } from '../params.ts';

/** Predictions from the code of a reconstruction are to be those from the code of the example. */
export interface ConsistencyOptions {
  /** γ, 0 or more: a number or a schedule. */
  readonly weight: ScheduleLike;
  /**
   * x̂: the mean of p(x given z) (default), or a draw that has a gradient. A Bernoulli's is relaxed (binary concrete); a
   * likelihood whose draws have none is refused.
   */
  readonly reconstruction?: 'mean' | 'sample' | undefined;
  /** Of the relaxed Bernoulli draw, above 0; default 0.5. */
  readonly temperature?: number | undefined;
  /** What the prediction from x̂ of a labelled row is held to: that from x (default), or the label itself. */
  readonly labelled?: 'prediction' | 'label' | undefined;
}

/** The mean prediction over unlabelled rows is to be a given one. */
export interface LabelPriorOptions {
  /** 0 or more. */
  readonly weight: number;
  /** Of each class (default 1/K), or of each label being 1 (default 1/2). */
  readonly probabilities?: readonly number[] | undefined;
}

/** What is known of a batch when predictions are compared. */
export interface Predicted {
  readonly model: LatentModel & { readonly labels: LabelPrediction };
  readonly params: SymbolicParams;
  readonly likelihood: Distribution;
  /** Log-probability of every outcome from z: [B, O]. */
  readonly logPredicted: Tensor;
  /** Known outcomes of the first L rows: [L, O]. */
  readonly known: Tensor;
}

/**
 * CE(p(y given z), p(y given z′)) of each row [B], z′ ~ q(z given x̂). The gradient goes through both predictions, and through
 * x̂ into decoder and encoder. Encoding x̂ leaves running averages alone.
 */
export function consistencyLoss(at: Predicted, context: Context, options: ConsistencyOptions): Tensor {
  const { model, params, likelihood, logPredicted, known } = at;
  if (model.bound === 'exact') {
    throw new ReparamError('unsupported', 'consistency needs reconstructions that differ from the examples', {
      got: 'a flow, which gives them back as they are',
      expected: 'a model with an encoder and a decoder, or no consistency',
    });
  }
  const again = leavingBuffers(context.child('reconstructed'));
  const z = model.encode(params, reconstruct(likelihood, again, options), again).rsample(again.site('z'));
  const logAgain = logOutcomes(model.labels.fromCode!(params, z, again), model.labels.kind);
  return crossEntropy(options.labelled === 'label' ? withKnown(logPredicted, known) : exp(logPredicted), logAgain);
}

/** Probabilities of all rows, those of the labelled ones replaced by what is known. */
function withKnown(logPredicted: Tensor, known: Tensor): Tensor {
  const [numLabelled, rows] = [known.shape[0] as number, logPredicted.shape[0] as number];
  return numLabelled === rows ? known : concat([known, exp(slice(logPredicted, 0, numLabelled, rows))], 0);
}

/** CE(prior, mean over the unlabelled rows of p(y given z)), a scalar; undefined where all rows have a label. */
export function labelPriorLoss(
  logPredicted: Tensor,
  weights: Tensor,
  numLabelled: number,
  { numLabels, kind }: LabelPrediction,
  probabilities: readonly number[] = new Array(numLabels).fill(kind === 'categorical' ? 1 / numLabels : 0.5),
): Tensor | undefined {
  const rows = logPredicted.shape[0] as number;
  if (numLabelled === rows) return undefined;
  checkPrior(probabilities, numLabels, kind);
  const own = slice(weights, 0, numLabelled, rows);
  const mean = logWeightedMean(slice(logPredicted, 0, numLabelled, rows), own);
  const prior = constant(hostTensor(Float32Array.from(probabilities), [numLabels]));
  return crossEntropy(bothOutcomes(prior, kind), mean);
}

/** log of the weighted mean over rows of e^logs, with the maximum taken out. */
function logWeightedMean(logs: Tensor, weights: Tensor): Tensor {
  const peak = stopGradient(max(logs, { axes: 0, keepDims: true }));
  const share = reshape(div(weights, sum(weights)), [-1, 1]);
  const total = log(sum(mul(exp(sub(logs, peak)), share), { axes: 0 }));
  return add(total, reshape(peak, total.shape));
}

function reconstruct(p: Distribution, context: Context, options: ConsistencyOptions): Tensor {
  const { reconstruction = 'mean', temperature = 0.5 } = options;
  if (reconstruction === 'mean') return p.mean;
  const site = context.site('x');
  if (isReparameterizable(p)) return p.rsample(site);
  const base = p instanceof Independent ? p.base : p;
  if (base instanceof Bernoulli) {
    const uniform = site.draw('uniform', base.logits.shape, 0);
    return sigmoid(mul(add(base.logits, sub(log(uniform), log(sub(1, uniform)))), 1 / temperature));
  }
  throw new ReparamError('unsupported', 'draws of this likelihood have no gradient', {
    got: 'consistency.reconstruction = sample',
    expected: 'a Gaussian, Laplace or Bernoulli likelihood',
    fix: 'Set consistency.reconstruction to mean',
  });
}

/** `context` for rows that stand beside those of the batch: what it sets of buffers is dropped. */
const leavingBuffers = (context: Context): Context => ({
  ...context,
  update: () => {},
  child: (name) => leavingBuffers(context.child(name)),
});

function checkPrior(probabilities: readonly number[], numLabels: number, kind: LabelKind): void {
  const total = probabilities.reduce((a, b) => a + b, 0);
  const isFine = probabilities.length === numLabels && probabilities.every((p) => p >= 0 && p <= 1);
  if (isFine && (kind === 'bernoulli' || Math.abs(total - 1) < 1e-6)) return;
  throw new ReparamError('config', 'probabilities of the label prior', {
    got: `[${probabilities.join(', ')}]`,
    expected: `${numLabels} numbers from 0 to 1${kind === 'categorical' ? ' that sum to 1' : ''}`,
  });
}
