import { concat, logSoftmax, mul, neg, softplus, sub, sum, type Tensor } from '@reparam/tensor';

/** One label of several classes, or several labels that are each 0 or 1. */
export type LabelKind = 'categorical' | 'bernoulli';

/** Probabilities of K classes as they are, or of K labels with those of their opposites: [..., K] or [..., 2K]. */
export const bothOutcomes = (probabilities: Tensor, kind: LabelKind): Tensor =>
  kind === 'categorical' ? probabilities : concat([probabilities, sub(1, probabilities)], -1);

/** Log-probability of every outcome from logits [..., K]: of each class, or of each label being 1, then 0. */
export const logOutcomes = (logits: Tensor, kind: LabelKind): Tensor =>
  kind === 'categorical' ? logSoftmax(logits) : concat([neg(softplus(neg(logits))), neg(softplus(logits))], -1);

/** −Σ p log q over the outcomes, in nats, summed over several labels: p as probabilities, q as `logOutcomes`. */
export const crossEntropy = (outcomes: Tensor, logPredicted: Tensor): Tensor =>
  neg(sum(mul(outcomes, logPredicted), { axes: -1 }));
