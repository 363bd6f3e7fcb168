import { ReparamError } from './errors.ts';

/** An unknown size: `factor` times the value of `symbol` (the batch of an exported model). */
export interface SymbolicDim {
  readonly symbol: string;
  readonly factor: number;
}
/** The size of an axis: a number, or a symbol times a whole number. */
export type Dim = number | SymbolicDim;
/** Sizes of the axes of a tensor, outermost first; [] is a scalar. */
export type Shape = readonly Dim[];

/** The symbolic dimension `name`, for specs of exported models. */
export const symbolicDim = (name: string): SymbolicDim => ({ symbol: name, factor: 1 });

export const formatDim = (dim: Dim): string =>
  typeof dim === 'number' ? String(dim) : dim.factor === 1 ? dim.symbol : `${dim.factor}·${dim.symbol}`;

/** A shape for people, such as `[batch, 784]`. */
export const formatShape = (shape: Shape): string => `[${shape.map(formatDim).join(', ')}]`;

export const sameDim = (a: Dim, b: Dim): boolean =>
  typeof a === 'number' || typeof b === 'number' ? a === b : a.symbol === b.symbol && a.factor === b.factor;

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => sameDim(d, b[i]!));

export const multiplyDims = (a: Dim, b: Dim): Dim => {
  if (typeof a === 'number' && typeof b === 'number') return a * b;
  if (typeof a === 'number') return multiplyDims(b, a);
  if (typeof b === 'number') return { symbol: a.symbol, factor: a.factor * b };
  throw new ReparamError('shape', 'product of two unknown sizes', {
    got: `${formatDim(a)} × ${formatDim(b)}`,
    expected: 'one unknown size at most',
  });
};

/** Number of elements, unknown if one of the dimensions is. */
export const countElements = (shape: Shape): Dim => shape.reduce<Dim>(multiplyDims, 1);

export const isStatic = (shape: Shape): shape is readonly number[] => shape.every((d) => typeof d === 'number');

/** The shape as plain numbers; throws where a size is unknown. */
export function staticShape(shape: Shape, doing: string): number[] {
  if (isStatic(shape)) return [...shape];
  throw new ReparamError('shape', `${doing} needs every size to be known`, { got: formatShape(shape) });
}

/** NumPy's broadcasting of two shapes; throws where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape, doing: string): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[a.length - rank + i] ?? 1;
    const db = b[b.length - rank + i] ?? 1;
    if (sameDim(da, db)) return da;
    if (da === 1) return db;
    if (db === 1) return da;
    throw new ReparamError('shape', `${doing}: shapes do not broadcast`, {
      got: `${formatShape(a)} and ${formatShape(b)}`,
      expected: 'sizes that are equal or 1, aligned from the right',
    });
  });
}

/** Throws unless every known size is a whole number from 0 up. */
export function checkSizes(shape: Shape, doing: string): void {
  if (shape.every((d) => typeof d !== 'number' || (Number.isSafeInteger(d) && d >= 0))) return;
  throw new ReparamError('shape', `${doing}: not a shape`, {
    got: formatShape(shape),
    expected: 'whole numbers from 0 up, or symbolic sizes',
  });
}

/** Turns negative axes into positive ones, sorted; throws when out of range or repeated. */
export function normalizeAxes(axes: number | readonly number[] | undefined, rank: number, doing: string): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === 'number' ? [axes] : [...axes]).map((axis) => (axis < 0 ? axis + rank : axis));
  list.sort((x, y) => x - y);
  list.forEach((axis, i) => {
    if (!Number.isInteger(axis) || axis < 0 || axis >= rank || axis === list[i - 1]) {
      throw new ReparamError('shape', `${doing}: bad axis`, {
        got: `axes ${JSON.stringify(axes)} for a tensor of rank ${rank}`,
        expected: rank === 0 ? 'no axes' : `different integers from ${-rank} to ${rank - 1}`,
      });
    }
  });
  return list;
}

/** Row-major strides; a dimension of size 1 gets stride 0 when `broadcast` is set. */
export function stridesOf(shape: readonly number[], broadcast = false): number[] {
  const strides = new Array<number>(shape.length);
  let size = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = broadcast && shape[i] === 1 ? 0 : size;
    size *= shape[i]!;
  }
  return strides;
}
