/** A sample variance, with the standard error of it. */
export interface VarianceEstimate {
  readonly variance: number;
  readonly standardError: number;
}

/** Unbiased variance of `values`, and its standard error from their fourth moment. */
export function varianceOf(values: Float64Array): VarianceEstimate {
  const n = values.length;
  let mean = 0;
  for (const value of values) mean += value / n;
  let second = 0;
  let fourth = 0;
  for (const value of values) {
    const square = (value - mean) ** 2;
    second += square;
    fourth += square * square;
  }
  const variance = second / (n - 1);
  const excess = fourth / n - ((n - 3) / (n - 1)) * variance * variance;
  return { variance, standardError: Math.sqrt(Math.max(0, excess) / n) };
}
