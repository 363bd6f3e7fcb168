import { ReparamError } from '@reparam/tensor';

/** Mean code of each class that has examples: `codes` row-major [n, dim], labels below 0 left out. */
export function classMeans(
  codes: ArrayLike<number>,
  dim: number,
  labels: ArrayLike<number>,
): Map<number, Float32Array> {
  if (codes.length !== labels.length * dim) {
    throw new ReparamError('shape', 'codes and labels do not match', {
      got: `${codes.length} values, ${labels.length} labels`,
      expected: `${dim} values a label`,
    });
  }
  const sums = new Map<number, { sum: Float64Array; count: number }>();
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label < 0) continue;
    const own = sums.get(label) ?? { sum: new Float64Array(dim), count: 0 };
    for (let d = 0; d < dim; d++) own.sum[d]! += codes[i * dim + d]!;
    own.count += 1;
    sums.set(label, own);
  }
  const means = [...sums].map(([label, { sum, count }]) => [label, Float32Array.from(sum, (v) => v / count)] as const);
  return new Map(means.sort(([a], [b]) => a - b));
}
