import {
  add,
  argMax,
  cast,
  div,
  equal,
  exp,
  flatten,
  mul,
  neg,
  ReparamError,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@reparam/tensor';
import type { LabelPrediction, LatentModel } from '../models/latentModel.ts';
import { type SymbolicParams, trainable } from '../params.ts';
import { classBound } from './classBound.ts';
import { requireCount, requireNumber } from './drawBound.ts';
import { batchMean, type Objective } from './objective.ts';

/** Options of the objective of M2. */
export interface M2ObjectiveOptions {
  /** Weight of the cross-entropy of the labels, for the mean over labelled examples: α = 0.1 N of the paper is 0.1 here. */
  readonly alpha?: number;
  /**
   * Weight of the mean bound of labelled examples, the rest is that of the others; default N_l/N, their share of the set, which
   * makes the two a bound of the whole set.
   */
  readonly labelledShare?: number | undefined;
  /** Draws of z for each example and class. */
  readonly numSamples?: number;
  /** Precision τ of a prior N(0, 1/τ) of every weight: adds τ/2 · Σ w² / N to the loss for each example. Default 0: none. */
  readonly weightPrior?: number | undefined;
}

/**
 * The objective J^α of M2 (Kingma et al. 2014), for each example of the whole set: the bound on log p(x, y) of labelled
 * examples, the bound U(x) on log p(x) of the others with the class summed out, and −log q(y given x) of the labelled ones,
 * averaged over these and weighted by α. Of a model of codes it is that of a draw of the codes, with the same label. Terms `labelledBound`, `unlabelledBound`, `crossEntropy`, `accuracy` and `entropy`
 * (of q(y given x) where there is no label) are averages over their own rows; `elbo`, `rate` and `distortion` are of the whole.
 * @example m2Objective({ alpha: 0.1 })
 */
export function m2Objective(options: M2ObjectiveOptions = {}): Objective {
  const { alpha = 0.1, labelledShare, numSamples = 1, weightPrior = 0 } = options;
  requireCount('numSamples', numSamples);
  requireNumber('alpha', alpha);
  requireNumber('weightPrior', weightPrior);
  if (labelledShare !== undefined && !(labelledShare >= 0 && labelledShare <= 1)) {
    throw new ReparamError('config', 'labelledShare', { got: String(labelledShare), expected: 'a number from 0 to 1' });
  }
  const draws = `${numSamples} draw${numSamples > 1 ? 's' : ''} of z an example and class`;
  return {
    name: 'm2',
    description: `E_q log p(x, y, z) − log q(z|x,y) with labels, Σ_y q(y|x) of it + H(q(y|x)) without, + ${alpha} · log q(y|x) of labels, ${draws}${labelledShare === undefined ? '' : `; labelled examples weigh ${labelledShare}`}${weightPrior ? `; N(0, 1/${weightPrior}) on weights` : ''}`,
    schedules: [],
    needsWholeBatch: true,
    needsTargets: true,
    loss(whole, all, batch, context) {
      const { weights, targets } = batch;
      const { codes } = whole;
      const drawn = codes?.draw(all, batch.x, context);
      const [model, params, x] = codes ? [codes.model, codes.params(all), drawn!.value] : [whole, all, batch.x];
      const labels = requireClasses(model);
      if (!targets) {
        throw new ReparamError('data', 'the objective of M2 needs labels', {
          fix: 'Give the data set targets: withLabelTargets',
        });
      }
      const numLabelled = targets.shape[0] as number;
      const logQ = labels.logits(params, x, context);
      const logPrior = labels.logPrior(params);
      const draw = classBound(model, params, { x, targets }, context, numSamples === 1 ? {} : { numSamples });
      const { labelled, unlabelled } = draw.rows;
      const parts: Part[] = [];
      const logOwn = slice(logQ, 0, 0, numLabelled);
      const own = slice(weights, 0, 0, numLabelled);
      const ofLabelled = (perRow: Tensor) => div(sum(mul(perRow, own)), sum(own));
      parts.push({
        weights: own,
        distortion: labelled!(draw.distortion),
        rate: sub(labelled!(draw.rate), sum(mul(targets, logPrior), { axes: -1 })),
      });
      if (unlabelled) {
        const logOthers = slice(logQ, 0, numLabelled);
        parts.push({
          weights: slice(weights, 0, numLabelled),
          ...summedOut(logOthers, logPrior, unlabelled(draw.distortion), unlabelled(draw.rate)),
        });
      }
      const [first, other] = parts as [Part, Part?];
      const total = (name: 'distortion' | 'rate') =>
        parts.map((part) => sum(mul(part[name], part.weights))).reduce((a, b) => add(a, b));
      const bound = (part: Part) =>
        neg(div(sum(mul(add(part.distortion, part.rate), part.weights)), sum(part.weights)));
      const { distortion, rate } = drawn
        ? {
            distortion: batchMean(drawn.distortion, batch),
            rate: add(batchMean(drawn.rate, batch), add(total('distortion'), total('rate'))),
          }
        : { distortion: total('distortion'), rate: total('rate') };
      const elbo = neg(add(distortion, rate));
      const charged =
        labelledShare === undefined || !other
          ? elbo
          : add(mul(bound(first), labelledShare), mul(bound(other), 1 - labelledShare));
      const crossEntropy = ofLabelled(neg(sum(mul(targets, logOwn), { axes: -1 })));
      const cost = weightPrior === 0 ? 0 : mul(squaredWeights(all), weightPrior / 2 / context.datasetSize);
      const isRight = cast(equal(argMax(logOwn, -1), argMax(targets, -1)), 'float32');
      return {
        loss: add(sub(mul(crossEntropy, alpha), charged), cost),
        terms: {
          elbo,
          rate,
          distortion,
          labelledBound: bound(first),
          ...(other && {
            unlabelledBound: bound(other),
            entropy: div(sum(mul(other.entropy!, other.weights)), sum(other.weights)),
          }),
          crossEntropy,
          accuracy: ofLabelled(isRight),
        },
      };
    },
  };
}

/** Σ w² of the trained parameters that are called `weight`. */
const squaredWeights = (params: SymbolicParams): Tensor =>
  flatten<Tensor>(trainable(params))
    .filter(([path]) => path.endsWith('weight'))
    .map(([, weight]) => sum(square(weight)))
    .reduce((a, b) => add(a, b));

/** Rows of one kind: what each weighs and what it costs. */
interface Part {
  readonly weights: Tensor;
  readonly distortion: Tensor;
  readonly rate: Tensor;
  readonly entropy?: Tensor;
}

/**
 * What U(x) = −distortion − rate is made of, [B], from log q(y given x) [B, K], log p(y) [K], and distortion and rate of z for
 * each class [K, B]: the rate is that of z on average over q(y given x), plus KL(q(y given x) ‖ p(y)).
 */
export function summedOut(logQ: Tensor, logPrior: Tensor, distortion: Tensor, rate: Tensor) {
  const probs = exp(logQ);
  const average = (perClass: Tensor) => sum(mul(transpose(probs, [1, 0]), perClass), { axes: 0 });
  const entropy = neg(sum(mul(probs, logQ), { axes: -1 }));
  const classRate = sub(neg(sum(mul(probs, logPrior), { axes: -1 })), entropy);
  return { distortion: average(distortion), rate: add(average(rate), classRate), entropy, classRate };
}

/** How `model` tells classes that have a prior. Throws `unsupported` where it has none. */
export function requireClasses(model: LatentModel): LabelPrediction & Required<Pick<LabelPrediction, 'logPrior'>> {
  const { labels } = model;
  if (labels?.logPrior && model.conditionSize === labels.numLabels) return labels as ReturnType<typeof requireClasses>;
  throw new ReparamError('unsupported', 'the objective of M2 needs a model in which the class is a variable', {
    got: labels ? 'a model that tells labels only' : 'a model without labels',
    expected: 'the model m2',
  });
}
