import { key, normalArray } from '@reparam/tensor';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** Blocks of a subspace, directions of a block beyond those asked for, and how often the search starts again. */
const [depth, spare, mostCycles] = [5, 8, 40];
/** Largest ‖C a − l a‖ that is accepted, relative to the largest eigenvalue. */
const tolerance = 1e-10;

/** Whether `count` of `width` axes are few enough to be searched for by themselves. */
export const areFew = (count: number, width: number): boolean => depth * (count + spare) <= width / 2;

/** Eigenvalues, largest first, and the unit eigenvectors of each. */
export interface EigenPairs {
  readonly values: readonly number[];
  readonly vectors: readonly Float64Array[];
}

/** All of them, of a symmetric matrix. */
export function allPairs(matrix: Matrix): EigenPairs {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, k) => k).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  return {
    values: order.map((column) => realEigenvalues[column]!),
    vectors: order.map((column) => Float64Array.from(eigenvectorMatrix.getColumn(column))),
  };
}

/**
 * The `count` largest eigenvalues of the symmetric matrix `matrix` [width, width] and their eigenvectors, by block Krylov subspaces
 * (Musco and Musco 2015), begun again from what they found until all residuals vanish: products with a few vectors in the place
 * of a whole decomposition. Undefined where they do not vanish.
 */
export function leadingPairs(matrix: Float64Array, width: number, count: number): EigenPairs | undefined {
  const size = count + spare;
  let start = rowsOf(normalArray(key(0), size * width), width);
  for (let cycle = 0; cycle < mostCycles; cycle++) {
    const basis: Float64Array[] = [];
    const images: Float64Array[] = [];
    let block = orthonormal(start, basis);
    for (let level = 0; level < depth && block.length > 0; level++) {
      const products = multiply(matrix, block);
      basis.push(...block);
      images.push(...products);
      block = orthonormal(products, basis);
    }
    const found = ritz(basis, images, size);
    const within = tolerance * Math.abs(found.values[0]!);
    if (found.residuals.slice(0, count).every((residual) => residual <= within)) {
      return { values: found.values.slice(0, count), vectors: found.vectors.slice(0, count) };
    }
    start = found.vectors;
  }
  return undefined;
}

/** The best approximations within the span of `basis`, whose images under the matrix are `images`. */
function ritz(basis: readonly Float64Array[], images: readonly Float64Array[], count: number) {
  const small = basis.map((a, i) => images.map((b, j) => (dot(a, b) + dot(basis[j]!, images[i]!)) / 2));
  const pairs = allPairs(new Matrix(small));
  const [values, weights] = [pairs.values.slice(0, count), pairs.vectors.slice(0, count)];
  const vectors = weights.map((weight) => combination(weight, basis));
  const residuals = weights.map((weight, k) => {
    const rest = combination(weight, images);
    subtract(rest, values[k]!, vectors[k]!);
    return Math.sqrt(dot(rest, rest));
  });
  return { values, vectors, residuals };
}

/** matrix · v for each v of `vectors`, four at a time. */
function multiply(matrix: Float64Array, vectors: readonly Float64Array[]): Float64Array[] {
  const width = vectors[0]!.length;
  const products = vectors.map(() => new Float64Array(width));
  for (let i = 0; i < width; i++) {
    const row = matrix.subarray(i * width, (i + 1) * width);
    for (let k = 0; k < vectors.length; k += 4) {
      const [a, b = a, c = a, d = a] = [vectors[k]!, vectors[k + 1], vectors[k + 2], vectors[k + 3]];
      let [p, q, r, s] = [0, 0, 0, 0];
      for (let j = 0; j < width; j++) {
        const value = row[j]!;
        p += value * a[j]!;
        q += value * b[j]!;
        r += value * c[j]!;
        s += value * d[j]!;
      }
      [p, q, r, s].slice(0, vectors.length - k).forEach((value, n) => {
        products[k + n]![i] = value;
      });
    }
  }
  return products;
}

/** What `vectors` add to the span of `basis`, as orthonormal vectors: Gram-Schmidt, twice. */
function orthonormal(vectors: readonly Float64Array[], basis: readonly Float64Array[]): Float64Array[] {
  const added: Float64Array[] = [];
  for (const vector of vectors) {
    const rest = Float64Array.from(vector);
    const before = Math.sqrt(dot(rest, rest));
    for (let pass = 0; pass < 2; pass++) {
      for (const other of [...basis, ...added]) subtract(rest, dot(rest, other), other);
    }
    const length = Math.sqrt(dot(rest, rest));
    if (length > 1e-12 * before) added.push(rest.map((value) => value / length));
  }
  return added;
}

function combination(weights: Float64Array, vectors: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(vectors[0]!.length);
  weights.forEach((weight, k) => {
    subtract(sum, -weight, vectors[k]!);
  });
  return sum;
}

function subtract(from: Float64Array, factor: number, vector: Float64Array): void {
  for (let j = 0; j < from.length; j++) from[j]! -= factor * vector[j]!;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j]! * b[j]!;
  return sum;
}

const rowsOf = (values: ArrayLike<number>, width: number): Float64Array[] =>
  Array.from({ length: values.length / width }, (_, k) =>
    Float64Array.from({ length: width }, (_, j) => values[k * width + j]!),
  );
