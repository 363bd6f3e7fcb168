/** Numbers that are stored beside each example, `size` of them. */
export interface BesideRows {
  /** Row-major `[examples, size]`. */
  readonly data: Uint8Array | Float32Array;
  readonly size: number;
  /** Value in the model = stored value × scale. */
  readonly scale: number;
}

/** What may be stored beside the examples of a set. */
export interface Beside {
  /** What a conditional model is given beside each example. */
  readonly condition?: BesideRows | undefined;
  /** What a model that predicts labels is trained to predict. */
  readonly targets?: BesideRows | undefined;
}

/** The names of what may be there. */
export const besideKinds = ['condition', 'targets'] as const satisfies readonly (keyof Beside)[];

/** Both kinds put through `change`, with the name of each; a kind that is absent stays so. */
export function mapBeside(
  { condition, targets }: Beside,
  change: (rows: BesideRows, kind: keyof Beside) => BesideRows,
): Beside {
  return {
    ...(condition && { condition: change(condition, 'condition') }),
    ...(targets && { targets: change(targets, 'targets') }),
  };
}

/** The rows at `indices`, in that order, copied. */
export function selectBeside({ data, size, scale }: BesideRows, indices: ArrayLike<number>): BesideRows {
  const out = roomBeside({ data, size, scale }, indices.length);
  copyRows(out.data, data, indices, size);
  return out;
}

/** Room for `count` rows like those of `rows`. */
export const roomBeside = ({ data, size, scale }: BesideRows, count: number): BesideRows => ({
  data: data instanceof Uint8Array ? new Uint8Array(count * size) : new Float32Array(count * size),
  size,
  scale,
});

/** Copies the rows of `width` values of `data` at `indices` to the start of `out`. */
export function copyRows(
  out: Uint8Array | Float32Array,
  data: Uint8Array | Float32Array,
  indices: ArrayLike<number>,
  width: number,
): void {
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * width;
    out.set(data.subarray(from, from + width), i * width);
  }
}
