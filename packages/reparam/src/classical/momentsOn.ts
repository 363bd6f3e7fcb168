import { cast, compile, hostTensor, matmul, type Runtime, spec, sub } from '@reparam/tensor';
import { checkMatrix, type DataMatrix, type Moments, moments } from './moments.ts';

/** Bytes less this lie in [-128, 127]: sums of `block` products of two of them are integers of at most 2²⁴, which float32 holds exactly. */
const [centre, block] = [128, 1024];

/**
 * `moments(matrix)`, where bytes are multiplied by the runtime: a matrix product of float32 for each 1,024 rows, all of whose sums are
 * exact, so that the covariance is the same on every runtime and rounded only once. Other values are summed in float64, without it.
 */
export async function momentsOn(runtime: Runtime, matrix: DataMatrix): Promise<Moments> {
  const { data, rows, columns, scale = 1 } = checkMatrix(matrix);
  if (!(data instanceof Uint8Array)) return moments(matrix);
  const sums = new Float64Array(columns);
  for (let at = 0; at < data.length; at += columns) {
    for (let j = 0; j < columns; j++) sums[j]! += data[at + j]! - centre;
  }
  const products = new Float64Array(columns * columns);
  const program = await compile(
    ({ bytes }) => {
      const x = sub(cast(bytes, 'float32'), centre);
      return { sum: matmul(x, x, { transA: true }) };
    },
    { bytes: spec([block, columns], 'uint8') },
    { runtime },
  );
  try {
    const bytes = new Uint8Array(block * columns);
    for (let first = 0; first < rows; first += block) {
      const some = data.subarray(first * columns, (first + block) * columns);
      bytes.set(some);
      bytes.fill(centre, some.length);
      const { sum } = await program.run({ bytes: hostTensor(bytes, [block, columns]) });
      const added = sum.data as Float32Array;
      for (let at = 0; at < added.length; at++) products[at]! += added[at]!;
    }
  } finally {
    await program.dispose();
  }
  for (let i = 0, at = 0; i < columns; i++) {
    for (let j = 0; j < columns; j++, at++) {
      products[at] = ((rows * products[at]! - sums[i]! * sums[j]!) / rows ** 2) * scale ** 2;
    }
  }
  return { rows, mean: sums.map((value) => (value / rows + centre) * scale), covariance: products };
}
