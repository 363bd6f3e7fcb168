import { foldIn, key } from '@reparam/tensor';
import type { DataMatrix } from '../../classical/index.ts';
import { checkFactors, type Factors, factorColumn, permutation } from '../../data/index.ts';
import { binColumns, fitForest } from './forest.ts';
import { meanOfAll } from './gap.ts';

/** What a classifier of each factor makes of the codes. */
export interface DciScores {
  /** Whether a dimension serves one factor: dimensions weighted by their importance. */
  readonly disentanglement: number;
  /** Whether a factor is served by one dimension: mean over factors. */
  readonly completeness: number;
  /** Accuracy on the fifth of the rows that the classifiers have not seen: mean over factors. */
  readonly informativeness: number;
  readonly perDimension: { readonly disentanglement: readonly number[] };
  readonly perFactor: { readonly completeness: readonly number[]; readonly informativeness: readonly number[] };
  /** Share of each dimension in telling each factor, row-major [F, d]; a row adds to 1, or to 0 where nothing tells it. */
  readonly importance: Float64Array;
}

/**
 * Disentanglement, completeness and informativeness (Eastwood and Williams 2018). The model of importance is a set of 10
 * bagged classification trees for each factor, whose levels are its classes; importance is the fall of Gini impurity.
 */
export function dci(codes: DataMatrix, factors: Factors, { seed = 0 }: { readonly seed?: number } = {}): DciScores {
  const { data, rows, columns: dim } = codes;
  checkFactors(factors, rows);
  const order = permutation(rows, seed, 'dci');
  const held = Math.max(1, Math.floor(rows / 5));
  const [test, train] = [order.subarray(0, held), order.subarray(held)];
  const binned = binColumns(data, dim, train);
  const count = factors.names.length;
  const importance = new Float64Array(count * dim);
  const informativeness = factors.names.map((name, k) => {
    const { levels, count: classes } = factorColumn(factors, k);
    const forest = fitForest(binned, levels, classes, { rows: train, key: foldIn(key(seed), `dci/${name}`) });
    importance.set(forest.importance, k * dim);
    return test.filter((row) => forest.classify(binned, row) === levels[row]).length / test.length;
  });
  const perDimension = Array.from({ length: dim }, (_, j) =>
    concentration(Float64Array.from({ length: count }, (_, k) => importance[k * dim + j]!)),
  );
  const completeness = factors.names.map((_, k) => concentration(importance.subarray(k * dim, (k + 1) * dim)));
  const weights = perDimension.map((_, j) => importance.reduce((sum, v, at) => (at % dim === j ? sum + v : sum), 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  return {
    disentanglement: perDimension.reduce((sum, score, j) => sum + (score * weights[j]!) / total, 0),
    completeness: meanOfAll(completeness),
    informativeness: meanOfAll(informativeness),
    perDimension: { disentanglement: perDimension },
    perFactor: { completeness, informativeness },
    importance,
  };
}

/** 1 − H/log n of the shares that n parts have: 1 when one has all (or there is only one), 0 when all have the same or nothing. */
function concentration(parts: Float64Array): number {
  const total = parts.reduce((sum, part) => sum + part, 0);
  if (total === 0) return 0;
  const entropy = parts.reduce((sum, part) => (part > 0 ? sum - (part / total) * Math.log(part / total) : sum), 0);
  return parts.length === 1 ? 1 : 1 - entropy / Math.log(parts.length);
}
