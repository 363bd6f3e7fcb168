import {
  compile,
  grad,
  type HostTensor,
  hostTensor,
  key,
  mul,
  normalArray,
  type Runtime,
  type Shape,
  type Spec,
  sum,
  type Tensor,
} from '@reparam/tensor';
import type * as primitives from '../../src/primitives/index.ts';

type Functions = { [K in keyof typeof primitives]: (typeof primitives)[K] extends Tensor ? never : K };

/** How far a float32 result may lie from the float64 one; anything but the default states its reason. */
export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
  readonly because: string;
}

/** Eight roundings of a float32, which is what a short chain of correctly rounded operations can lose. */
export const float32 = { relative: 5e-7, absolute: 1e-7 };

/** One line of the conformance table: an expression, where to try it and what must come out. */
export interface Row {
  /** The exported function under test. */
  readonly name: Functions[keyof Functions];
  readonly variant?: string;
  readonly args: readonly HostTensor[];
  readonly fn: (...args: Tensor[]) => Tensor;
  /** Twice differentiable at `args`: gradients are compared with finite differences. */
  readonly smooth?: boolean;
  /** Known answers: the value, and the gradient of its sum with respect to each float32 argument. */
  readonly exact?: { readonly value: readonly number[]; readonly gradients?: readonly (readonly number[])[] };
  /** For each argument, whether its first axis is a batch whose size may be unknown. */
  readonly batch?: readonly boolean[];
  readonly tolerance?: Tolerance;
  /** For the WebGPU provider: another tolerance, or the reason why there is no such operation. */
  readonly webgpu?: Tolerance | string;
}

export const title = (row: Row): string => (row.variant ? `${row.name}: ${row.variant}` : row.name);

/** float32 numbers of a shape (by default a vector). */
export const floats = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor =>
  hostTensor(Float32Array.from(values), shape);
export const ints = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor =>
  hostTensor(Int32Array.from(values), shape);
export const bytes = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor =>
  hostTensor(Uint8Array.from(values), shape);
export const bools = (values: readonly number[], shape: readonly number[] = [values.length]): HostTensor =>
  hostTensor(Uint8Array.from(values), shape, 'bool');

/** Standard normal numbers that depend on shape and seed only. */
export const normals = (shape: readonly number[], seed = 1): HostTensor =>
  hostTensor(
    normalArray(
      key(seed),
      shape.reduce((a, b) => a * b, 1),
    ),
    shape,
  );

/** Arguments and known answers of a function of single numbers: a line is [arguments, value, gradients]. */
export type Edge = readonly [at: readonly number[], value: number, gradients?: readonly number[]];

/** A row for an elementwise function at its exactly known points. */
export function edges(
  name: Row['name'],
  fn: Row['fn'],
  table: readonly Edge[],
  rest: Partial<Row> & { make?: typeof floats } = {},
): Row {
  const { make = floats, ...options } = rest;
  const column = <T>(pick: (line: Edge) => readonly T[], i: number) => table.map((line) => pick(line)[i]!);
  const arity = table[0]![0].length;
  const args = Array.from({ length: arity }, (_, i) =>
    make(
      column((line) => line[0], i),
      [table.length],
    ),
  );
  const gradients = table[0]![2]?.map((_, i) => column((line) => line[2]!, i));
  const exact = { value: table.map((line) => line[1]), ...(gradients && { gradients }) };
  return { name, variant: 'known points', fn, args, exact, batch: args.map(() => true), ...options };
}

/** A row for an elementwise function at ordinary points, where it is smooth. */
export function ordinary(
  name: Row['name'],
  fn: Row['fn'],
  columns: readonly (readonly number[])[],
  options: Partial<Row> = {},
): Row {
  return { name, fn, args: columns.map((c) => floats(c)), smooth: true, batch: columns.map(() => true), ...options };
}

/** The gradient of Σ weights · value with respect to each float32 argument. */
export function gradients(value: Tensor, weights: Tensor, args: readonly Tensor[]): Tensor[] {
  return grad(
    sum(mul(value, weights)),
    args.filter((a) => a.dtype === 'float32'),
  );
}

export const isDifferentiable = (row: Row): boolean => row.smooth === true || row.exact?.gradients !== undefined;

/** Value and gradients of a row on a runtime. */
export async function run(row: Row, runtime: Runtime, weights?: HostTensor) {
  const specs = { args: row.args.map(specOf), ...(weights && { weights: specOf(weights) }) };
  const program = await compile(
    ({ args, weights: w }: { args: Tensor[]; weights?: Tensor }) => {
      const value = row.fn(...args);
      return { value, gradients: w ? gradients(value, w, args) : [] };
    },
    specs as { args: Spec[]; weights?: Spec },
    { runtime },
  );
  try {
    return await program.run({ args: [...row.args], ...(weights && { weights }) } as never);
  } finally {
    await program.dispose();
  }
}

export const specOf = ({ dtype, shape }: HostTensor): Spec => ({ dtype, shape });

/** Cotangents for a result of `shape`. */
export const weightsFor = (shape: Shape): HostTensor => normals(shape as number[], 99);

/** Every element that is further from `expected` than the tolerance, as text. */
export function differences(
  actual: HostTensor,
  expected: HostTensor,
  { relative = 0, absolute = 0 }: Partial<Tolerance>,
): string[] {
  if (`${actual.dtype} ${actual.shape}` !== `${expected.dtype} ${expected.shape}`) {
    return [`${actual.dtype} [${actual.shape}] is not ${expected.dtype} [${expected.shape}]`];
  }
  const want = Array.from(expected.data as ArrayLike<number>, Number);
  const got = Array.from(actual.data as ArrayLike<number>, Number);
  return want.flatMap((w, i) => {
    const g = got[i]!;
    // An infinity, of the same sign; or no number, both.
    const same = Object.is(w, g) || w === g || (expected.dtype === 'float32' && Math.fround(w) === g);
    return same || Math.abs(w - g) <= absolute + relative * Math.abs(w) ? [] : [`[${i}]: ${g} is not ${w}`];
  });
}
