import type { DataMatrix } from '../../classical/index.ts';
import { checkFactors, type Factors, factorColumn } from '../../data/index.ts';

/** How much each latent dimension tells of each factor. */
export interface FactorInformation {
  /** Plug-in mutual information of factor k and dimension j in nats, row-major [F, d]. */
  readonly information: Float64Array;
  /** Entropy of each factor in nats, [F]. */
  readonly entropies: Float64Array;
  /** Number of latent dimensions d. */
  readonly dim: number;
}

/**
 * Mutual information of every factor with every column of `codes`, which is cut into `bins` (default 20) of equal width from
 * its least to its largest value. The plug-in estimate is too large by about (bins − 1)(levels − 1)/(2 rows) nats.
 */
export function mutualInformation(
  codes: DataMatrix,
  factors: Factors,
  { bins = 20 }: { readonly bins?: number } = {},
): FactorInformation {
  const { rows, columns: dim } = codes;
  checkFactors(factors, rows);
  const columns = factors.names.map((_, k) => factorColumn(factors, k));
  const information = new Float64Array(columns.length * dim);
  const entropies = Float64Array.from(columns, ({ levels, count }) => entropyOf(tally(levels, count)));
  for (let j = 0; j < dim; j++) {
    const binned = equalBins(codes, j, bins);
    const own = entropyOf(tally(binned, bins));
    columns.forEach(({ levels, count }, k) => {
      const joint = tally(
        binned.map((bin, i) => bin * count + levels[i]!),
        bins * count,
      );
      information[k * dim + j] = Math.max(0, own + entropies[k]! - entropyOf(joint));
    });
  }
  return { information, entropies, dim };
}

/** The bin of every value of column `j`; all in the first when the column is constant. */
function equalBins({ data, rows, columns }: DataMatrix, j: number, bins: number): Int32Array {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < rows; i++) {
    low = Math.min(low, data[i * columns + j]!);
    high = Math.max(high, data[i * columns + j]!);
  }
  const unit = bins / (high - low || 1);
  return Int32Array.from({ length: rows }, (_, i) =>
    Math.min(bins - 1, Math.floor((data[i * columns + j]! - low) * unit)),
  );
}

function tally(values: Int32Array, count: number): Float64Array {
  const counts = new Float64Array(count);
  for (const value of values) counts[value]! += 1;
  return counts;
}

/** Entropy in nats of the distribution that has these counts. */
function entropyOf(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => (count > 0 ? sum - (count / total) * Math.log(count / total) : sum), 0);
}
