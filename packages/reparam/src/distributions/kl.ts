import { add, div, logSoftmax, mul, sigmoid, softplus, square, sub, sum, type Tensor } from '@reparam/tensor';
import { Bernoulli } from './bernoulli.ts';
import { Categorical } from './categorical.ts';
import type { Distribution, SampleWithLogProb } from './distribution.ts';
import { Independent } from './independent.ts';
import { Normal } from './normal.ts';
import { NormalTril } from './normalTril.ts';

type Class<D extends Distribution> = abstract new (...args: never[]) => D;
type Rule = (q: Distribution, p: Distribution) => Tensor | undefined;

const rules: { q: Class<Distribution>; p: Class<Distribution>; rule: Rule }[] = [];

/** Registers a closed form of KL(q ‖ p) for a pair of classes; later registrations win. */
export function registerKl<Q extends Distribution, P extends Distribution>(
  q: Class<Q>,
  p: Class<P>,
  rule: (q: Q, p: P) => Tensor | undefined,
): void {
  rules.unshift({ q, p, rule: rule as Rule });
}

/** KL(q ‖ p) in closed form, in nats and of the batch's shape; undefined where none is known. */
export function analyticKl(q: Distribution, p: Distribution): Tensor | undefined {
  for (const entry of rules) {
    if (!(q instanceof entry.q && p instanceof entry.p)) continue;
    const kl = entry.rule(q, p);
    if (kl) return kl;
  }
  return undefined;
}

/** KL(q ‖ p) in nats, and whether it is exact. */
export interface KlDivergence {
  readonly value: Tensor;
  /** False when `value` is the one-sample estimate log q(z) − log p(z), so of the shape of the draw. */
  readonly exact: boolean;
}

/** KL(q ‖ p): the closed form where one is registered, otherwise an unbiased estimate from a draw of q, which says so. */
export function klDivergence(q: Distribution, p: Distribution, draw: () => SampleWithLogProb): KlDivergence {
  const value = analyticKl(q, p);
  if (value) return { value, exact: true };
  const { value: z, logProb } = draw();
  return { value: sub(logProb, p.logProb(z)), exact: false };
}

// ½ ((σ_q/σ_p)² + ((μ_q − μ_p)/σ_p)² − 1) + log σ_p − log σ_q
registerKl(Normal, Normal, (q, p) => {
  const ratio = square(div(q.scale, p.scale));
  const shift = square(div(sub(q.loc, p.loc), p.scale));
  return add(mul(sub(add(ratio, shift), 1), 0.5), sub(p.logScale, q.logScale));
});

// σ(l_q)(l_q − l_p) − softplus(l_q) + softplus(l_p)
registerKl(Bernoulli, Bernoulli, (q, p) =>
  add(mul(sigmoid(q.logits), sub(q.logits, p.logits)), sub(softplus(p.logits), softplus(q.logits))),
);

registerKl(Categorical, Categorical, (q, p) =>
  sum(mul(q.probs, sub(logSoftmax(q.logits), logSoftmax(p.logits))), { axes: -1 }),
);

registerKl(Independent, Independent, (q, p) => {
  if (q.rank !== p.rank) return undefined;
  const perComponent = analyticKl(q.base, p.base);
  return perComponent && q.sumEvent(perComponent);
});

// ½ (‖diag(1/s) L‖² + ‖(μ − m)/s‖² − d) + Σ log s − Σ log L_ii
registerKl(NormalTril, Independent, (q, p) => {
  const base: Distribution = p.base;
  if (p.rank !== 1 || !(base instanceof Normal)) return undefined;
  const { loc, scale, logScale } = base;
  const perRow = sum(square(q.scaleTril), { axes: -1 });
  const spread = sub(add(div(perRow, square(scale)), square(div(sub(q.loc, loc), scale))), 1);
  return sum(add(mul(spread, 0.5), sub(logScale, q.logDiagonal)), { axes: -1 });
});
