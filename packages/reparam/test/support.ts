import {
  compile,
  type HostTensor,
  hostTensor,
  interpreter,
  mapTree,
  type Runtime,
  type Spec,
  specsOf,
  type Tensor,
  type Trace,
} from '@reparam/tensor';
import { expect } from 'vitest';

/** float64 numbers of a shape (by default a vector): the interpreter keeps every digit. */
export const floats = (values: readonly number[] | Float64Array, shape: readonly number[] = [values.length]) =>
  hostTensor(Float64Array.from(values), shape);

export const numbers = ({ data }: HostTensor): number[] => Array.from(data as Float64Array, Number);

export interface ComputeOptions {
  readonly runtime?: Runtime;
  readonly seed?: number;
  /** Row ids of the noise; 0, 1, 2, … unless stated. */
  readonly rows?: number;
}

/** Traces `fn`, runs it once on `inputs` (in float64 unless a runtime is given) and returns the numbers of its results. */
export async function compute<K extends string>(
  inputs: unknown,
  fn: (inputs: never, trace: Trace) => Record<K, Tensor>,
  { runtime = interpreter, seed = 1, rows = 64 }: ComputeOptions = {},
): Promise<Record<K, number[]>> {
  const program = await compile(fn as never, specsOf(inputs) as Spec, { runtime });
  try {
    const noise = { seed, rows: Int32Array.from({ length: rows }, (_, i) => i), draws: 0 };
    const results = await program.run(inputs as never, { noise });
    return mapTree<unknown, HostTensor, number[]>(results, numbers) as Record<K, number[]>;
  } finally {
    await program.dispose();
  }
}

/** Every number within `tolerance` of its expectation, relative to numbers above 1. */
export function expectClose(got: readonly number[], want: readonly number[], tolerance: number): void {
  expect(got.length).toBe(want.length);
  const far = got.flatMap((g, i) => {
    const w = want[i]!;
    return Math.abs(g - w) <= tolerance * Math.max(1, Math.abs(w)) ? [] : [`[${i}]: ${g} is not ${w}`];
  });
  expect(far).toEqual([]);
}

/** Mean, sample variance and the mean's standard error. */
export function moments(values: readonly number[]) {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1);
  return { mean, variance, standardError: Math.sqrt(variance / n) };
}

/** The mean of draws lies within `count` of its standard errors of the exact value. */
export function expectMean(draws: readonly number[], exact: number, count = 4): void {
  const { mean, standardError } = moments(draws);
  expect(Math.abs(mean - exact), `mean ${mean} ± ${standardError}, exact ${exact}`).toBeLessThanOrEqual(
    count * standardError + 1e-12,
  );
}

/** Column `index` of row-major numbers with that many `columns`. */
export const column = (values: readonly number[], index: number, columns: number): number[] =>
  values.filter((_, i) => i % columns === index);
