import {
  add,
  cast,
  constant,
  div,
  equal,
  exp,
  greater,
  iota,
  log,
  matmul,
  mul,
  reshape,
  type Shape,
  slice,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  where,
} from '@reparam/tensor';
import type { NoiseSite } from '../context.ts';
import type { Reparameterizable, SampleWithLogProb } from './distribution.ts';

/** Mean [..., d], and the Cholesky factor of the covariance: whole, or its diagonal's logarithm and what lies below it. */
export type NormalTrilParameters =
  | { readonly loc: Tensor; readonly scaleTril: Tensor }
  | { readonly loc: Tensor; readonly logDiagonal: Tensor; readonly belowDiagonal: Tensor };

/** Multivariate normal distributions N(loc, L Lᵀ), L = `scaleTril` [..., d, d] lower triangular with positive diagonal. */
export class NormalTril implements Reparameterizable {
  readonly loc: Tensor;
  readonly scaleTril: Tensor;
  /** log L_ii, [..., d]. */
  readonly logDiagonal: Tensor;
  readonly eventRank = 1;

  /** Entries of `belowDiagonal` [..., d, d] on and above the diagonal are not used; those of `scaleTril` above it must be 0. */
  constructor(parameters: NormalTrilParameters) {
    this.loc = parameters.loc;
    const index = iota(this.size);
    const row = reshape(index, [this.size, 1]);
    const diagonal = cast(equal(row, index), 'float32');
    if ('scaleTril' in parameters) {
      this.scaleTril = parameters.scaleTril;
      this.logDiagonal = log(sum(mul(this.scaleTril, diagonal), { axes: -1 }));
    } else {
      this.logDiagonal = parameters.logDiagonal;
      const onDiagonal = exp(reshape(this.logDiagonal, [...this.logDiagonal.shape, 1]));
      this.scaleTril = where(greater(row, index), parameters.belowDiagonal, mul(diagonal, onDiagonal));
    }
  }

  /** d. */
  get size(): number {
    return this.loc.shape.at(-1) as number;
  }

  get batchShape(): Shape {
    return this.loc.shape.slice(0, -1);
  }

  get mean(): Tensor {
    return this.loc;
  }

  /** Density by forward substitution, d steps in the graph: drawing and KL need none. */
  logProb(value: Tensor): Tensor {
    return this.#logProbOf(forwardSubstitution(this.scaleTril, sub(value, this.loc)));
  }

  /** −½ ‖ε‖² − Σ log L_ii − d/2 log 2π. */
  #logProbOf(standardized: Tensor): Tensor {
    const constants = add(sum(this.logDiagonal, { axes: -1 }), 0.5 * this.size * Math.log(2 * Math.PI));
    return sub(mul(sum(square(standardized), { axes: -1 }), -0.5), constants);
  }

  rsample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return this.rsampleWithLogProb(site, sampleShape).value;
  }

  /** loc + L ε with ε ~ N(0, I), and its log-density written in ε. */
  rsampleWithLogProb(site: NoiseSite, sampleShape: readonly number[] = []): SampleWithLogProb {
    const shape = [...sampleShape, ...this.loc.shape];
    const noise = site.draw('normal', shape, sampleShape.length);
    const moved = reshape(matmul(this.scaleTril, reshape(noise, [...shape, 1])), shape);
    return { value: add(this.loc, moved), logProb: this.#logProbOf(noise) };
  }

  sample(site: NoiseSite, sampleShape: readonly number[] = []): Tensor {
    return stopGradient(this.rsample(site, sampleShape));
  }

  /** d/2 log 2πe + Σ log L_ii. */
  entropy(): Tensor {
    return add(sum(this.logDiagonal, { axes: -1 }), 0.5 * this.size * (Math.log(2 * Math.PI) + 1));
  }
}

/** L⁻¹ r for lower triangular L [..., d, d] and vectors r [..., d]: a column is done with after each of d steps. */
function forwardSubstitution(lower: Tensor, right: Tensor): Tensor {
  const size = lower.shape.at(-1) as number;
  const index = iota(size);
  let left = right;
  let solution: Tensor = mul(right, 0);
  for (let j = 0; j < size; j++) {
    const column = reshape(slice(lower, -1, j, j + 1), lower.shape.slice(0, -1));
    const value = div(slice(left, -1, j, j + 1), slice(column, -1, j, j + 1));
    left = sub(left, mul(value, column));
    solution = where(equal(index, constant(j, 'int32')), value, solution);
  }
  return solution;
}

/**
 * Multivariate normal distributions from `loc` [..., d] and `scaleTril` [..., d, d], or `logDiagonal` [..., d] and
 * `belowDiagonal` [..., d, d].
 */
export const normalTril = (parameters: NormalTrilParameters): NormalTril => new NormalTril(parameters);
