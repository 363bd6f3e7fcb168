import { ReparamError } from '@reparam/tensor';

/** What pictures were drawn from: classes or levels of F factors beside each of N examples. */
export interface Factors {
  readonly names: readonly string[];
  /** `ordered` levels lie on a line; those of a `categorical` factor are only different. */
  readonly kinds: readonly ('ordered' | 'categorical')[];
  /** Level of each factor, from 0 on, row-major [N, F]. */
  readonly values: Int32Array;
}

/** Factor `index` of every example [N], its levels numbered 0, 1, … without gaps and in order. */
export function factorColumn({ names, values }: Factors, index: number): { levels: Int32Array; count: number } {
  const column = Int32Array.from({ length: values.length / names.length }, (_, i) => values[i * names.length + index]!);
  const present = [...new Set(column)].sort((a, b) => a - b);
  const places = new Map(present.map((level, place) => [level, place]));
  return { levels: column.map((level) => places.get(level)!), count: present.length };
}

/** The factors of the examples at `rows`, in that order. */
export function factorRows({ names, kinds, values }: Factors, rows: ArrayLike<number>): Factors {
  const width = names.length;
  const picked = Int32Array.from(
    { length: rows.length * width },
    (_, i) => values[rows[Math.floor(i / width)]! * width + (i % width)]!,
  );
  return { names, kinds, values: picked };
}

/** Throws unless there is a row of at least one factor for each of `rows` examples; `data` when a factor never varies. */
export function checkFactors(factors: Factors, rows: number): void {
  const { names, kinds, values } = factors;
  if (names.length === 0 || kinds.length !== names.length || values.length !== rows * names.length) {
    throw new ReparamError('shape', 'factors do not match the examples', {
      got: `${values.length} values of ${names.length} factors, ${kinds.length} kinds`,
      expected: `${rows} rows, one an example, and a kind for each factor`,
    });
  }
  const still = names.find((_, j) => factorColumn(factors, j).count < 2);
  if (still === undefined) return;
  throw new ReparamError('data', 'a factor does not vary', {
    got: `one level of "${still}"`,
    expected: 'at least 2 levels',
    fix: 'Leave the factor out, or take other examples',
  });
}
