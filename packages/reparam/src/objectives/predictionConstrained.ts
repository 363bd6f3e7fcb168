import { add, div, maximum, mul, neg, ReparamError, slice, sub, sum, type Tensor } from '@reparam/tensor';
import { bothOutcomes, crossEntropy, logOutcomes } from '../distributions/labelOutcomes.ts';
import type { LabelPrediction, LatentModel } from '../models/latentModel.ts';
import { asSchedule, type ScheduleLike } from '../optim/index.ts';
import { branch, leaf, type SymbolicParams } from '../params.ts';
import { type ConsistencyOptions, consistencyLoss, type LabelPriorOptions, labelPriorLoss } from './consistency.ts';
import { drawBound, requireNumber } from './drawBound.ts';
import { type Batch, batchMean, type Objective, type ObjectiveContext } from './objective.ts';

/** Dual ascent: after each step λ ← max(0, λ + ρ (CE − ε)), CE the mean over the step's labelled rows. */
export interface DualOptions {
  /** ρ, above 0. */
  readonly rate: number;
  /** λ of the first step; default 0. */
  readonly start?: number | undefined;
}

/** Options of the prediction constraint. */
export interface PredictionConstrainedOptions {
  /** λ, against the ELBO of one example: a number or a schedule; default 100. */
  readonly lambda?: ScheduleLike | undefined;
  /** ε in nats, the largest mean cross-entropy that is allowed; default 0. */
  readonly epsilon?: number | undefined;
  /** λ is found by dual ascent, in the place of `lambda`. */
  readonly dual?: DualOptions | undefined;
  readonly consistency?: ConsistencyOptions | undefined;
  readonly labelPrior?: LabelPriorOptions | undefined;
}

/**
 * The ELBO of all rows, subject to −log p(y given z) ≤ ε on average over labelled rows and draws of z ~ q(z given x): the
 * prediction-constrained VAE (Hope et al. 2020). Minimised, per example:
 * mean(−ELBO) + λ (mean over labelled rows of −log p(y given z) − ε) + γ · mean consistency + weight · CE(label prior, mean
 * prediction). The z of the prediction is the z of the bound. λ and γ weigh means against the bound of one example, so for a
 * Lagrangian that sums the ELBO over N examples multiply them by N. Terms: `labelLoss`, and where they are used `lambda`,
 * `consistency`, `labelPrior`. Needs a model with `withLabelHead`.
 * @example predictionConstrained({ dual: { rate: 1 }, epsilon: 0.05 })
 */
export function predictionConstrained(options: PredictionConstrainedOptions = {}): Objective {
  const { lambda = 100, epsilon = 0, dual, consistency, labelPrior } = options;
  check(options);
  const weight = asSchedule(lambda);
  const gamma = consistency && asSchedule(consistency.weight);
  return {
    name: 'prediction-constrained',
    description: describe(options, dual ? `λ by dual ascent, ρ ${dual.rate}` : `λ ${weight.description}`),
    schedules: [...(dual ? [] : [weight]), ...(gamma ? [gamma] : [])],
    needsWholeBatch: true,
    needsTargets: true,
    loss(given, params, batch, context) {
      const model = requireHead(given);
      const { labels } = model;
      const known = bothOutcomes(targetsOf(batch, labels), labels.kind);
      const { z, likelihood, terms } = drawBound(model, params, batch, context);
      const logPredicted = logOutcomes(labels.fromCode(params, z, context), labels.kind);
      const numLabelled = known.shape[0] as number;

      const labelLoss = labelledMean(crossEntropy(known, slice(logPredicted, 0, 0, numLabelled)), batch);
      const violation = sub(labelLoss, epsilon);
      const multiplier = dual ? ascend(dual, violation, params, context) : context.schedule('lambda', weight);
      let loss = add(neg(terms.elbo), mul(violation, multiplier));
      const moves = dual !== undefined || typeof lambda === 'object';
      const reported: Record<string, Tensor> = { labelLoss, ...(moves && { lambda: multiplier }) };

      if (consistency && gamma) {
        const at = { model, params, likelihood, logPredicted, known };
        const mean = batchMean(consistencyLoss(at, context, consistency), batch);
        loss = add(loss, mul(mean, context.schedule('gamma', gamma)));
        reported.consistency = mean;
      }
      if (labelPrior) {
        const { probabilities } = labelPrior;
        const distance = labelPriorLoss(logPredicted, batch.weights, numLabelled, labels, probabilities);
        if (distance) {
          loss = add(loss, mul(distance, labelPrior.weight));
          reported.labelPrior = distance;
        }
      }
      return { loss, terms: { ...terms, ...reported } };
    },
  };
}

/** λ of this step, start + what the buffer holds; the buffer is set to that of the next. */
function ascend(
  { rate, start = 0 }: DualOptions,
  violation: Tensor,
  params: SymbolicParams,
  context: ObjectiveContext,
) {
  const gained = leaf(branch(branch(params, 'labels'), 'buffers'), 'multiplier');
  const lambda = add(gained, start);
  context.update(gained, sub(maximum(add(lambda, mul(violation, rate)), 0), start));
  return lambda;
}

/** Mean over the labelled rows, which are the first: Σ w v / Σ w. */
function labelledMean(perRow: Tensor, { weights }: Batch): Tensor {
  const own = slice(weights, 0, 0, perRow.shape[0] as number);
  return div(sum(mul(perRow, own)), sum(own));
}

type WithHead = LatentModel & { readonly labels: LabelPrediction & Required<Pick<LabelPrediction, 'fromCode'>> };

function requireHead(model: LatentModel): WithHead {
  if (model.labels?.fromCode) return model as WithHead;
  throw new ReparamError('config', 'the prediction constraint needs a model that predicts labels from its code', {
    got: model.labels ? 'labels that do not depend on the code alone' : 'a model without labels',
    fix: 'Use withLabelHead, or model.labels in a configuration',
  });
}

function targetsOf({ targets }: Batch, { numLabels }: LabelPrediction): Tensor {
  if (targets?.shape[1] === numLabels) return targets;
  throw new ReparamError('config', 'labels of the data are not those the model predicts', {
    got: targets ? `${targets.shape[1]} a row` : 'a batch without labels',
    expected: `${numLabels} a row`,
  });
}

function check({ lambda, epsilon = 0, dual, consistency, labelPrior }: PredictionConstrainedOptions): void {
  requireNumber('epsilon', epsilon);
  if (typeof lambda === 'number') requireNumber('lambda', lambda);
  if (dual) {
    if (lambda !== undefined) {
      throw new ReparamError('config', 'dual ascent takes the place of lambda', {
        got: 'both',
        expected: 'one of them',
        fix: 'Use dual.start for the λ of the first step',
      });
    }
    requireNumber('dual.start', dual.start ?? 0);
    requirePositive('dual.rate', dual.rate);
  }
  if (typeof consistency?.weight === 'number') requireNumber('consistency.weight', consistency.weight);
  requirePositive('consistency.temperature', consistency?.temperature ?? 1);
  requireOne('consistency.reconstruction', consistency?.reconstruction, ['mean', 'sample']);
  requireOne('consistency.labelled', consistency?.labelled, ['prediction', 'label']);
  if (labelPrior) requireNumber('labelPrior.weight', labelPrior.weight);
}

function requirePositive(name: string, value: number): void {
  if (value > 0 && Number.isFinite(value)) return;
  throw new ReparamError('config', name, { got: String(value), expected: 'a positive number' });
}

function requireOne(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw new ReparamError('config', name, { got: value, expected: allowed.join(' or ') });
}

function describe({ epsilon = 0, consistency, labelPrior }: PredictionConstrainedOptions, lambda: string): string {
  const parts = [
    'E_q log p(x|z) − KL(q(z|x) ‖ p(z))',
    `λ · (−log p(y|z) over labelled rows${epsilon ? ` − ${epsilon}` : ''}), ${lambda}`,
  ];
  if (consistency) {
    const { weight, reconstruction = 'mean', labelled = 'prediction' } = consistency;
    const held = labelled === 'label' ? ' (of labelled rows, the label)' : '';
    const x = reconstruction === 'mean' ? 'mean of p(x|z)' : 'draw of p(x|z)';
    parts.push(`γ · CE(p(y|z)${held}, p(y|z′)), z′ from the ${x}, γ ${asSchedule(weight).description}`);
  }
  if (labelPrior) parts.push(`${labelPrior.weight} · CE(label prior, mean prediction of unlabelled rows)`);
  return `${parts.join(' − ')}, 1 draw of z an example`;
}
