import {
  add,
  argMax,
  cast,
  div,
  equal,
  exp,
  flatten,
  maximum,
  mul,
  neg,
  ReparamError,
  slice,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@reparam/tensor';
import type { LabelPrediction, LatentModel } from '../models/latentModel.ts';
import { asSchedule, type ScheduleLike } from '../optim/index.ts';
import { type SymbolicParams, trainable } from '../params.ts';
import { classBound } from './classBound.ts';
import { gradientOnly, requireCount, requireNumber } from './drawBound.ts';
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
  /** Weight of the rate of z: a number or a schedule; default 1. */
  readonly beta?: ScheduleLike;
  /**
   * Share of the gradient of U(x) that reaches q(y given x): a number or a schedule; default 1. Rising from 0 it lets the model of
   * each class form from the classifier's guesses before the classifier follows the model; otherwise the differences between
   * classes of an untrained model decide, and stay.
   */
  readonly classGradient?: ScheduleLike;
  /** Precision τ of a prior N(0, 1/τ) of every weight: adds τ/2 · Σ w² / N to the loss for each example. Default 0: none. */
  readonly weightPrior?: number | undefined;
}

/**
 * The objective J^α of M2 (Kingma et al. 2014), for each example of the whole set: the bound on log p(x, y) of labelled
 * examples, the bound U(x) on log p(x) of the others with the class summed out, and −log q(y given x) of the labelled ones,
 * averaged over these and weighted by α. Of a model of codes it is that of a draw of the codes, with the same label. Terms
 * `labelledBound`, `unlabelledBound`, `crossEntropy`, `accuracy` and `entropy` (of q(y given x) where there is no label) are
 * averages over their own rows; `elbo`, `rate` and `distortion` are of the whole. Bounds are reported with β = 1.
 * @example m2Objective({ alpha: 1, beta: 4, classGradient: linearWarmup({ epochs: 1 }) })
 */
export function m2Objective(options: M2ObjectiveOptions = {}): Objective {
  const { alpha = 0.1, labelledShare, numSamples = 1, weightPrior = 0, beta = 1, classGradient = 1 } = options;
  requireCount('numSamples', numSamples);
  requireNumber('alpha', alpha);
  if (typeof beta === 'number') requireNumber('beta', beta);
  if (typeof classGradient === 'number') requireNumber('classGradient', classGradient);
  requireNumber('weightPrior', weightPrior);
  if (labelledShare !== undefined && !(labelledShare >= 0 && labelledShare <= 1)) {
    throw new ReparamError('config', 'labelledShare', { got: String(labelledShare), expected: 'a number from 0 to 1' });
  }
  const [rateWeight, reach] = [asSchedule(beta), asSchedule(classGradient)];
  const draws = `${numSamples} draw${numSamples > 1 ? 's' : ''} of z an example and class`;
  return {
    name: 'm2',
    description: `E_q log p(x, y, z) − log q(z|x,y) with labels, Σ_y q(y|x) of it + H(q(y|x)) without${beta === 1 ? '' : `, KL of z times ${rateWeight.description}`}${classGradient === 1 ? '' : `, q(y|x) following it with a weight of ${reach.description}`}, + ${alpha} · log q(y|x) of labels, ${draws}${labelledShare === undefined ? '' : `; labelled examples weigh ${labelledShare}`}${weightPrior ? `; N(0, 1/${weightPrior}) on weights` : ''}`,
    schedules: [rateWeight, reach],
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
        rateOfZ: labelled!(draw.rate),
        rateOfClass: neg(sum(mul(targets, logPrior), { axes: -1 })),
      });
      if (unlabelled) {
        const given = slice(logQ, 0, numLabelled);
        const logOthers =
          classGradient === 1
            ? given
            : add(stopGradient(given), mul(gradientOnly(given), context.schedule('classGradient', reach)));
        const others = summedOut(logOthers, logPrior, unlabelled(draw.distortion), unlabelled(draw.rate));
        parts.push({ weights: slice(weights, 0, numLabelled), ...others });
      }
      const [first, other] = parts as [Part, Part?];
      const overParts = (perPart: (part: Part) => Tensor) => parts.map(perPart).reduce((a, b) => add(a, b));
      const total = (perRow: (part: Part) => Tensor) => overParts((part) => sum(mul(perRow(part), part.weights)));
      const totals = { distortion: total((part) => part.distortion), rate: total(rateOf) };
      const meanOf = (part: Part, perRow: Tensor) => div(sum(mul(perRow, part.weights)), sum(part.weights));
      const bound = (part: Part) => neg(meanOf(part, add(part.distortion, rateOf(part))));
      const { distortion, rate } = drawn
        ? {
            distortion: batchMean(drawn.distortion, batch),
            rate: add(batchMean(drawn.rate, batch), add(totals.distortion, totals.rate)),
          }
        : totals;
      const elbo = neg(add(distortion, rate));
      const isShared = labelledShare !== undefined && other;
      const shareOf = (part: Part) =>
        !isShared ? sum(part.weights) : part === first ? labelledShare : 1 - labelledShare;
      const charged = isShared ? overParts((part) => mul(bound(part), shareOf(part))) : elbo;
      const surcharge =
        beta === 1
          ? 0
          : mul(
              overParts((part) => mul(meanOf(part, part.rateOfZ), shareOf(part))),
              sub(context.schedule('beta', rateWeight), 1),
            );
      const crossEntropy = ofLabelled(neg(sum(mul(targets, logOwn), { axes: -1 })));
      const cost = weightPrior === 0 ? 0 : mul(squaredWeights(all), weightPrior / 2 / context.datasetSize);
      const isRight = cast(equal(argMax(logOwn, -1), argMax(targets, -1)), 'float32');
      return {
        loss: add(add(sub(mul(crossEntropy, alpha), charged), cost), surcharge),
        terms: {
          elbo,
          rate,
          distortion,
          labelledBound: bound(first),
          ...(other && { unlabelledBound: bound(other), entropy: meanOf(other, other.entropy!) }),
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
  readonly rateOfZ: Tensor;
  readonly rateOfClass: Tensor;
  readonly entropy?: Tensor;
}

const rateOf = (part: Part): Tensor => add(part.rateOfZ, part.rateOfClass);

/**
 * What U(x) = −distortion − rateOfZ − rateOfClass is made of, [B], from log q(y given x) [B, K], log p(y) [K], and distortion and
 * rate of z for each class [K, B], which are averaged over q(y given x); rateOfClass is KL(q(y given x) ‖ p(y)). A class of
 * probability below e^-40 counts as that: it is nothing in float32, and less would send denormal numbers through every product
 * of the backward pass, at a tenth of its speed.
 */
export function summedOut(logProbs: Tensor, logPrior: Tensor, distortion: Tensor, rate: Tensor) {
  const logQ = maximum(logProbs, -40);
  const probs = exp(logQ);
  const average = (perClass: Tensor) => sum(mul(transpose(probs, [1, 0]), perClass), { axes: 0 });
  const entropy = neg(sum(mul(probs, logQ), { axes: -1 }));
  const rateOfClass = sub(neg(sum(mul(probs, logPrior), { axes: -1 })), entropy);
  return { distortion: average(distortion), rateOfZ: average(rate), rateOfClass, entropy };
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
