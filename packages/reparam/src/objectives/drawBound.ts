import { add, broadcastTo, constant, mean, neg, ReparamError, stopGradient, sub, type Tensor } from '@reparam/tensor';
import { analyticKl, type Distribution, type Reparameterizable } from '../distributions/index.ts';
import type { LatentModel } from '../models/latentModel.ts';
import type { SymbolicParams } from '../params.ts';
import { type Batch, batchMean, type Loss, type ObjectiveContext } from './objective.ts';

/** How z is drawn and the rate measured. */
export interface DrawOptions {
  /** Draws of z an example, on a first axis; absent: one draw without that axis, so that products stay matrices. */
  readonly numSamples?: number | undefined;
  /** `analytic`: the rate in closed form where there is one; `sampled`: from the draws. */
  readonly kl?: 'analytic' | 'sampled';
  /** Treat the draws as constants: gradients through them are the caller's to add. */
  readonly hold?: boolean;
}

/** Draws of z from q(z given x), and what the bound is made of. */
export interface BoundDraw {
  readonly q: Reparameterizable;
  readonly p: Distribution;
  readonly likelihood: Distribution;
  /** [B, latentDim], or [numSamples, B, latentDim]; a constant where draws are held. */
  readonly z: Tensor;
  /** The draws as functions of q's parameters and noise. */
  readonly moving: Tensor;
  /** log q(z given x) of each draw; a constant where draws are held. */
  readonly logQ: Tensor;
  /** log p(x given z) of each draw. */
  readonly logLikelihood: Tensor;
  /** Whether the rate is the closed form. */
  readonly isExact: boolean;
  /** Averages over draws and batch, nats per example. */
  readonly terms: Loss['terms'];
}

/** One pass through the model: encode, draw, decode. */
export function drawBound(
  model: LatentModel,
  params: SymbolicParams,
  batch: Batch,
  context: ObjectiveContext,
  { numSamples, kl = 'analytic', hold = false }: DrawOptions = {},
): BoundDraw {
  const q = model.encode(params, batch.x, context);
  const p = model.prior(params, context);
  const overDraws = (t: Tensor) => (numSamples === undefined ? t : mean(t, { axes: 0 }));
  const drawn = q.rsampleWithLogProb(context.site('z'), numSamples === undefined ? [] : [numSamples]);
  const [z, logQ] = hold ? [stopGradient(drawn.value), stopGradient(drawn.logProb)] : [drawn.value, drawn.logProb];
  const likelihood = model.decode(params, z, context);
  const logLikelihood = likelihood.logProb(batch.x);
  const exact = model.bound === 'none' ? noRate(q) : kl === 'analytic' ? analyticKl(q, p) : undefined;
  const distortion = neg(batchMean(overDraws(logLikelihood), batch));
  const rate = batchMean(exact ?? overDraws(sub(logQ, p.logProb(z))), batch);
  const terms = { elbo: neg(add(distortion, rate)), rate, distortion };
  return { q, p, likelihood, z, moving: drawn.value, logQ, logLikelihood, isExact: exact !== undefined, terms };
}

/** The rate of an autoencoder, 0 by definition: [B]. */
const noRate = (q: Distribution): Tensor => broadcastTo(constant(0), q.batchShape);

/** Throws `unsupported` for an autoencoder, and with `ofFlows` for a flow: `doing` needs a posterior that is a density. */
export function requireDensity({ bound }: LatentModel, doing: string, ofFlows = false): void {
  if (bound !== 'none' && !(ofFlows && bound === 'exact')) return;
  throw new ReparamError('unsupported', `${doing} needs a posterior that is a density`, {
    got: bound === 'none' ? 'an autoencoder: point masses' : 'a flow: point masses',
    expected: bound === 'none' ? 'another posterior, or the objective reconstruction' : 'the objective elbo',
  });
}

/** Nothing in value, everything in gradient: added to a loss, it changes what training follows and not what is reported. */
export const gradientOnly = (scalar: Tensor): Tensor => sub(scalar, stopGradient(scalar));

/** Throws `config` unless `value` is a finite number, 0 or more. */
export function requireNumber(name: string, value: number): void {
  if (value >= 0 && Number.isFinite(value)) return;
  throw new ReparamError('config', name, { got: String(value), expected: 'a number, 0 or more' });
}

/** Throws `config` unless `value` is a positive whole number. */
export function requireCount(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new ReparamError('config', name, { got: String(value), expected: 'a positive integer' });
}
