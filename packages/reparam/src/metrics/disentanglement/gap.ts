/** A score with its part of every factor. */
export interface FactorScore {
  readonly score: number;
  /** [F]. */
  readonly perFactor: readonly number[];
}

/** How far the largest of each row of `dim` numbers is above the second largest (0 where there is none), and the mean. */
export function topGaps(values: Float64Array, dim: number): FactorScore {
  const perFactor = Array.from({ length: values.length / dim }, (_, k) => {
    const [first, second = 0] = values
      .slice(k * dim, (k + 1) * dim)
      .sort()
      .reverse();
    return first! - second;
  });
  return { score: meanOfAll(perFactor), perFactor };
}

/** Mean of some numbers. */
export const meanOfAll = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value / values.length, 0);
