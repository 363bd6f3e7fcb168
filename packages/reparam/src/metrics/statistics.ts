/** A mean over examples with its standard error. */
export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

/** Mean and standard error (sample deviation / √n) of one figure an example. */
export function estimate(values: ArrayLike<number>): Estimate {
  const n = values.length;
  let mean = 0;
  for (let i = 0; i < n; i++) mean += values[i]! / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i]! - mean) ** 2;
  return { value: mean, standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : Number.NaN };
}

/** Mean and variance (1/n) of each column of row-major [n, columns]. */
export function columnMoments(
  data: ArrayLike<number>,
  columns: number,
): { mean: Float64Array; variance: Float64Array } {
  const n = data.length / columns;
  const mean = new Float64Array(columns);
  const variance = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) mean[i % columns]! += data[i]! / n;
  for (let i = 0; i < data.length; i++) variance[i % columns]! += (data[i]! - mean[i % columns]!) ** 2 / n;
  return { mean, variance };
}
