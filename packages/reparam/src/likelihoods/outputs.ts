import { reshape, slice, type Tensor } from '@reparam/tensor';

/** Outputs [..., count · D] as [..., count, D]: one row of numbers for each parameter. */
export function parameterRows(output: Tensor, count: number): Tensor {
  const dataSize = (output.shape.at(-1) as number) / count;
  return reshape(output, [...output.shape.slice(0, -1), count, dataSize]);
}

/** The `count` parameters in outputs [..., count · D], each [..., D]. */
export function parametersOf(output: Tensor, count: number): Tensor[] {
  const dataSize = (output.shape.at(-1) as number) / count;
  return Array.from({ length: count }, (_, i) => slice(output, -1, i * dataSize, (i + 1) * dataSize));
}

/** The means, none nearer to 0 or 1 than `margin`: where a value never varies, the bias still needs a finite number. */
export const insideUnit = (dataMean: Float64Array, margin: number): Float64Array =>
  dataMean.map((mean) => Math.min(Math.max(mean, margin), 1 - margin));

/** Where the increasing function `f` is `wanted`, between `low` and `high`. */
export function solveIncreasing(f: (x: number) => number, wanted: number, low: number, high: number): number {
  let [from, to] = [low, high];
  for (let step = 0; step < 60; step++) {
    const middle = (from + to) / 2;
    if (f(middle) < wanted) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}
