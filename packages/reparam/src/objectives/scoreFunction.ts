import { div, maximum, mean, mul, ReparamError, stopGradient, sub, sum, type Tensor } from '@reparam/tensor';
import { gradientOnly } from './drawBound.ts';
import { type Batch, batchMean } from './objective.ts';

/**
 * What is taken off f before it weighs a score: the mean over the example's other draws (`leave-one-out`), the mean over
 * the other examples (`batch`), a constant, or nothing. None depends on the draw it is used for, so none adds a bias.
 */
export type Baseline = 'none' | 'leave-one-out' | 'batch' | number;

/** Throws `config` unless `baseline` is one, and can be computed from `numSamples` draws an example. */
export function checkBaseline(baseline: Baseline, numSamples: number): void {
  const isKnown = ['none', 'leave-one-out', 'batch'].includes(baseline as string) || Number.isFinite(baseline);
  if (!isKnown || (baseline === 'leave-one-out' && numSamples < 2)) {
    throw new ReparamError('config', 'baseline', {
      got: isKnown ? `${baseline} with ${numSamples} draw of z an example` : String(baseline),
      expected: isKnown ? 'numSamples of 2 or more' : 'none, leave-one-out, batch or a number',
    });
  }
}

/**
 * A term of value 0 whose gradient is E_q (f − b) ∇ log q(z given x) (Williams 1992): added to the batch mean of f with z
 * held, it gives the whole gradient of E_q f. `f` and `score` = log q of held draws: [B], or [numSamples, B].
 */
export function scoreFunction(f: Tensor, score: Tensor, batch: Batch, baseline: Baseline): Tensor {
  const signal = stopGradient(sub(f, baselineOf(f, batch, baseline)));
  const each = mul(signal, score);
  return gradientOnly(batchMean(each.rank === 1 ? each : mean(each, { axes: 0 }), batch));
}

function baselineOf(f: Tensor, { weights }: Batch, baseline: Baseline): Tensor | number {
  if (typeof baseline === 'number') return baseline;
  const numSamples = f.rank === 1 ? 1 : (f.shape[0] as number);
  switch (baseline) {
    case 'none':
      return 0;
    case 'leave-one-out':
      return div(sub(sum(f, { axes: 0, keepDims: true }), f), numSamples - 1);
    case 'batch': {
      const ofExample = f.rank === 1 ? f : mean(f, { axes: 0 });
      const weighted = mul(ofExample, weights);
      // An example alone in its batch has no others: its baseline is 0.
      return div(sub(sum(weighted), weighted), maximum(sub(sum(weights), weights), 1e-6));
    }
  }
}
