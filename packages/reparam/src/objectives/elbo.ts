import { abs, add, mul, neg, ReparamError, sub } from '@reparam/tensor';
import { asSchedule, type ScheduleLike } from '../optim/index.ts';
import { drawBound, requireCount, requireDensity } from './drawBound.ts';
import { freeRate } from './freeBits.ts';
import type { Objective } from './objective.ts';
import { type Baseline, checkBaseline, scoreFunction } from './scoreFunction.ts';

/** Holds the rate near a number of nats: γ · |rate − C| in place of β · rate (Burgess et al. 2018). */
export interface CapacityOptions {
  /** γ, 0 or more. */
  readonly gamma: number;
  /** C, nats an example: a number or a schedule. */
  readonly nats: ScheduleLike;
}

/** Options of the ELBO. */
export interface ElboOptions {
  /** `analytic`: KL(q ‖ p) in closed form where there is one (form B); `sampled`: every term from the draws (form A). */
  readonly kl?: 'analytic' | 'sampled';
  /** Draws of z an example. */
  readonly numSamples?: number;
  /** Weight of the rate: 1 is the ELBO, 0 reconstruction only; a number or a schedule. */
  readonly beta?: ScheduleLike;
  /** Nats each latent dimension may use before it costs anything: Σ_j max(λ, batch mean of KL_j) (Kingma et al. 2016). */
  readonly freeBits?: number;
  /** In place of `beta` and `freeBits`: the batch's rate is held near a number of nats. */
  readonly capacity?: CapacityOptions | undefined;
  /**
   * How the gradient passes the draw: through z = g(x, ε), or as E_q (f − b) ∇ log q + E_q ∇f, which needs no derivative
   * of f in z and has far more variance.
   */
  readonly gradient?: 'reparameterised' | 'score-function' | undefined;
  /** b of the score-function gradient; default `leave-one-out` with several draws, `batch` with one. */
  readonly baseline?: Baseline | undefined;
}

/**
 * Evidence lower bound: E_q log p(x given z) − β KL(q(z given x) ‖ p(z)), in nats per example.
 * @example elbo({ beta: linearWarmup({ epochs: 10 }) })
 */
export function elbo(options: ElboOptions = {}): Objective {
  const { kl = 'analytic', numSamples = 1, beta = 1, freeBits = 0, capacity, gradient = 'reparameterised' } = options;
  const { baseline = numSamples > 1 ? 'leave-one-out' : 'batch' } = options;
  check(options);
  checkBaseline(baseline, numSamples);
  const weight = asSchedule(beta);
  const target = capacity && asSchedule(capacity.nats);
  const isPlain = typeof beta === 'number' && beta === 1 && freeBits === 0 && !capacity;
  const isScore = gradient === 'score-function';
  return {
    name: 'elbo',
    description: describe(options, weight.description, target?.description, isPlain, baseline),
    schedules: target ? [target] : [weight],
    // The floor of free bits, the capacity and a baseline from the batch are about averages over it.
    needsWholeBatch: freeBits > 0 || capacity !== undefined || (isScore && baseline === 'batch'),
    loss(model, params, batch, context) {
      if (isScore) requireDensity(model, 'the score-function gradient', true);
      const drawn = drawBound(model, params, batch, context, {
        kl,
        numSamples: numSamples === 1 ? undefined : numSamples,
        hold: isScore,
      });
      const { q, p, z, logQ, logLikelihood, isExact, terms } = drawn;
      const { rate, distortion } = terms;
      const charged = freeBits ? freeRate(q, p, batch, freeBits) : rate;
      const betaNow = isPlain || capacity ? 1 : context.schedule('beta', weight);
      const cost = () => {
        if (!target) return mul(charged, betaNow);
        return mul(abs(sub(rate, context.schedule('capacity', target))), capacity!.gamma);
      };
      const value = isPlain ? neg(terms.elbo) : add(distortion, cost());
      const reported = { ...terms, ...(freeBits && { chargedRate: charged }) };
      if (!isScore) return { loss: value, terms: reported };

      if (capacity && !isExact) throw needsClosedForm('a capacity', 'score-function gradient');
      const hasOwnDerivative = isExact || freeBits > 0;
      // A rate in closed form has its own derivative; a sampled one is part of what the score is weighed with.
      const f = hasOwnDerivative ? logLikelihood : sub(logLikelihood, mul(sub(logQ, p.logProb(z)), betaNow));
      return { loss: sub(value, scoreFunction(f, q.logProb(z), batch, baseline)), terms: reported };
    },
  };
}

function check({ numSamples = 1, beta = 1, freeBits = 0, capacity, gradient = 'reparameterised' }: ElboOptions): void {
  requireCount('numSamples', numSamples);
  if (typeof beta === 'number' && !(beta >= 0)) {
    throw new ReparamError('config', 'beta', { got: String(beta), expected: 'a number, 0 or more, or a schedule' });
  }
  if (!(freeBits >= 0)) {
    throw new ReparamError('config', 'freeBits', { got: String(freeBits), expected: 'a number of nats, 0 or more' });
  }
  if (gradient !== 'reparameterised' && gradient !== 'score-function') {
    throw new ReparamError('config', 'gradient', {
      got: String(gradient),
      expected: 'reparameterised or score-function',
    });
  }
  if (!capacity) return;
  if (!(capacity.gamma >= 0)) {
    throw new ReparamError('config', 'capacity.gamma', {
      got: String(capacity.gamma),
      expected: 'a number, 0 or more',
    });
  }
  if (freeBits > 0 || beta !== 1) {
    throw new ReparamError('config', 'capacity takes the place of beta and freeBits', {
      got: `capacity with ${freeBits > 0 ? `freeBits ${freeBits}` : 'beta'}`,
      expected: 'one of them',
      fix: 'Leave beta at 1 and freeBits at 0',
    });
  }
}

function describe(
  { kl = 'analytic', numSamples = 1, freeBits = 0, capacity, gradient, beta }: ElboOptions,
  weight: string,
  nats: string | undefined,
  isPlain: boolean,
  baseline: Baseline,
): string {
  const divergence = 'KL(q(z|x) ‖ p(z))';
  const penalty = freeBits ? `Σ_j max(${freeBits}, KL_j)` : divergence;
  const factor = typeof beta === 'object' ? `(${weight})` : (beta ?? 1);
  const weighted = capacity
    ? `${capacity.gamma} · |${divergence} − C|, C ${nats} nats`
    : `${isPlain ? '' : `${factor} · `}${penalty}`;
  const form = kl === 'analytic' ? 'KL in closed form' : 'all terms sampled';
  const draws = `${numSamples} draw${numSamples > 1 ? 's' : ''} of z an example`;
  const score = gradient === 'score-function' ? `, score-function gradient with baseline ${baseline}` : '';
  return `E_q log p(x|z) − ${weighted}, ${form}, ${draws}${score}`;
}

const needsClosedForm = (what: string, where: string) =>
  new ReparamError('unsupported', `${what} under a ${where} needs the rate in closed form`, {
    got: 'a posterior and prior without one',
    expected: 'a pair with a closed-form KL',
  });
