import type { DataMatrix } from '../../classical/index.ts';
import { checkFactors, type Factors, factorColumn } from '../../data/index.ts';
import { type FactorScore, topGaps } from './gap.ts';

/** The gap with what it is the gap of: how well each dimension alone predicts each factor, row-major [F, d]. */
export interface AttributePredictability extends FactorScore {
  readonly predictability: Float64Array;
}

/**
 * Separated attribute predictability (Kumar et al. 2018): for each factor the gap between the two dimensions that each alone
 * predict it best: by the R² of a line for ordered factors, by the balanced accuracy of thresholds for categorical ones.
 */
export function attributePredictability(codes: DataMatrix, factors: Factors): AttributePredictability {
  const { data, rows, columns: dim } = codes;
  checkFactors(factors, rows);
  const predictability = new Float64Array(factors.names.length * dim);
  const ownColumns = Array.from({ length: dim }, (_, j) =>
    Float64Array.from({ length: rows }, (_, i) => data[i * dim + j]!),
  );
  factors.kinds.forEach((kind, k) => {
    const { levels, count } = factorColumn(factors, k);
    ownColumns.forEach((column, j) => {
      predictability[k * dim + j] =
        kind === 'ordered' ? squaredCorrelation(column, levels) : thresholdAccuracy(column, levels, count);
    });
  });
  return { ...topGaps(predictability, dim), predictability };
}

/** R² of the best line; 0 when a side is constant up to rounding. */
function squaredCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let [meanA, meanB] = [0, 0];
  for (let i = 0; i < n; i++) {
    meanA += a[i]! / n;
    meanB += b[i]! / n;
  }
  let [both, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [da, db] = [a[i]! - meanA, b[i]! - meanB];
    both += da * db;
    squaresA += da * da;
    squaresB += db * db;
  }
  const varies = (squares: number, mean: number) => squares > 1e-24 * n * mean * mean;
  return varies(squaresA, meanA) && varies(squaresB, meanB) ? both ** 2 / squaresA / squaresB : 0;
}

/**
 * Largest balanced accuracy (mean of the classes' own accuracies) of cutting the line into an interval for each class, in
 * the order of the classes' means, by dynamic programming over the sorted values. Chance is 1/classes.
 */
export function thresholdAccuracy(values: Float64Array, classes: Int32Array, count: number): number {
  const sums = new Float64Array(count);
  const sizes = new Float64Array(count);
  classes.forEach((label, i) => {
    sums[label]! += values[i]!;
    sizes[label]! += 1;
  });
  const byMean = [...sums.keys()].sort((a, b) => sums[a]! / sizes[a]! - sums[b]! / sizes[b]!);
  const place = Int32Array.from(byMean, (_, label) => byMean.indexOf(label));
  const order = Int32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  // best[c]: what the rows so far add to, when the last of them lies in interval c.
  const best = new Float64Array(count);
  order.forEach((row, at) => {
    // A threshold may only lie between different values.
    if (at > 0 && values[row]! > values[order[at - 1]!]!) {
      for (let c = 1; c < count; c++) best[c] = Math.max(best[c]!, best[c - 1]!);
    }
    best[place[classes[row]!]!]! += 1 / sizes[classes[row]!]!;
  });
  return Math.max(...best) / count;
}
