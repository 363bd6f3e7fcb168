import { add, cast, exp, iota, mul, neg, reshape, type Shape, sum, type Tensor } from '@reparam/tensor';

/** Levels taken at once: what is summed over all of them is never in memory as a whole. */
const chunk = 16;

/** Σ over the `count` equally spaced levels 0, 1/(count − 1), …, 1 of `term`, a tensor [n, ...batchShape] for values [n, 1, …]. */
export function sumOverLevels(count: number, batchShape: Shape, term: (values: Tensor) => Tensor): Tensor {
  const parts: Tensor[] = [];
  for (let from = 0; from < count; from += chunk) {
    const size = Math.min(chunk, count - from);
    const index = add(cast(iota(size), 'float32'), from);
    const values = reshape(mul(index, 1 / (count - 1)), [size, ...batchShape.map(() => 1)]);
    parts.push(sum(term(values), { axes: 0 }));
  }
  return parts.reduce((a, b) => add(a, b));
}

/** Mean of a distribution over levels whose log-probabilities at [n, 1, …] values are `logProb`. */
export const meanOfLevels = (count: number, batchShape: Shape, logProb: (values: Tensor) => Tensor): Tensor =>
  sumOverLevels(count, batchShape, (values) => mul(values, exp(logProb(values))));

/** −Σ p log p over the levels. */
export const entropyOfLevels = (count: number, batchShape: Shape, logProb: (values: Tensor) => Tensor): Tensor =>
  neg(
    sumOverLevels(count, batchShape, (values) => {
      const each = logProb(values);
      return mul(each, exp(each));
    }),
  );
