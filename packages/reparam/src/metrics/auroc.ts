import { ReparamError } from '@reparam/tensor';
import type { Estimate } from './statistics.ts';

/**
 * Area under the receiver operating characteristic: the probability that a score of `positives` is above one of `negatives`,
 * ties counted half, by ranks and so exactly. The standard error is that of DeLong et al. 1988; NaN for a set of one.
 */
export function auroc(negatives: ArrayLike<number>, positives: ArrayLike<number>): Estimate {
  const [n, m] = [negatives.length, positives.length];
  const [low, high] = [sorted(negatives), sorted(positives)];
  if (n === 0 || m === 0 || Number.isNaN(low[n - 1]) || Number.isNaN(high[m - 1])) {
    throw new ReparamError('data', 'scores to tell two sets apart', {
      got: n === 0 || m === 0 ? `${n} and ${m} scores` : 'a score that is not a number',
      expected: 'numbers in both sets',
    });
  }
  // What share of the other set lies on the wrong side of each score: their mean is the area, their spread its variance.
  const above = Float64Array.from(high, (score) => shareBelow(low, score));
  const below = Float64Array.from(low, (score) => 1 - shareBelow(high, score));
  const value = average(above);
  return { value, standardError: Math.sqrt(variance(above) / m + variance(below) / n) };
}

/** In rising order, NaN last. */
const sorted = (values: ArrayLike<number>) => Float64Array.from(values).sort();

const average = (values: Float64Array) => values.reduce((sum, value) => sum + value / values.length, 0);

function variance(values: Float64Array): number {
  const mean = average(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}

/** Share of `values` below `score`, those equal to it counted half. */
function shareBelow(values: Float64Array, score: number): number {
  return (firstWhere(values, (v) => v >= score) + firstWhere(values, (v) => v > score)) / (2 * values.length);
}

/** The first place of a rising array where `test` holds, by halving. */
function firstWhere(values: Float64Array, test: (value: number) => boolean): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (test(values[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
