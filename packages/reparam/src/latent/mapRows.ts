import { type Float32Tensor, type HostTensor, ReparamError, type Tensor } from '@reparam/tensor';
import type { Context } from '../context.ts';
import { createDataset } from '../data/index.ts';
import { compileRows } from '../metrics/index.ts';
import type { HostParams, SymbolicParams } from '../params.ts';
import type { LatentOptions } from './options.ts';

/**
 * The results of `fn` for every row of `rows` [n, width], float32 [n, …] by name. Noise is keyed by (seed, site, row), and
 * batches all have one size: row i gives the same bits whatever n is.
 */
export async function mapRows<Name extends string>(
  fn: (params: SymbolicParams, row: Tensor, context: Context) => Record<Name, Tensor>,
  params: HostParams,
  rows: HostTensor,
  { runtime, batchSize = 100, seed = 0, condition, onProgress, signal }: LatentOptions & { readonly seed?: number },
): Promise<Record<Name, Float32Tensor>> {
  const data = rows.data instanceof Float32Array ? rows.data : Float32Array.from(rows.data as Float64Array);
  const plain = createDataset({ name: 'latent codes', data, shape: rows.shape.slice(1) });
  const size = condition?.shape[1] ?? 0;
  if (condition && condition.shape[0] !== plain.size && condition.shape[0] !== 1) {
    throw new ReparamError('shape', 'conditions of latent codes', {
      got: `[${condition.shape.join(', ')}]`,
      expected: `${plain.size} rows, one a code, or one row for all`,
    });
  }
  const dataset = condition
    ? { ...plain, condition: { data: repeated(condition, plain.size), size, scale: 1 } }
    : plain;
  const program = await compileRows(fn, params, dataset, { runtime, batchSize });
  const results = await program.run(params, { seed, draw: 0, onProgress, signal }).finally(() => program.dispose());
  return results as Record<Name, Float32Tensor>;
}

/** The rows of a matrix, or its one row `count` times. */
function repeated({ shape, data }: Float32Tensor, count: number): Float32Array {
  if (shape[0] === count) return data;
  return Float32Array.from({ length: count * data.length }, (_, i) => data[i % data.length]!);
}

/** Throws unless `codes` is float32 [n, latentDim] with n ≥ 1. */
export function requireCodes(codes: HostTensor, latentDim: number): void {
  const { dtype, shape } = codes;
  if (dtype === 'float32' && shape.length === 2 && shape[0]! > 0 && shape[1] === latentDim) return;
  throw new ReparamError('shape', 'not codes of this model', {
    got: `${dtype} [${shape.join(', ')}]`,
    expected: `float32 [n, ${latentDim}], one row a code`,
  });
}
