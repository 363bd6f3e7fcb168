import { foldIn, key, normalArray, ReparamError } from '@reparam/tensor';
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type LinearGaussian, type LinearGaussianParams, linearGaussian } from './linearGaussian.ts';
import type { Moments } from './moments.ts';

/** The bound after half an iteration of expectation maximisation, nats an example. */
export interface EmStep {
  /** 1 for the first. */
  readonly iteration: number;
  /** What was just raised: the bound in q (`E`) or in the model (`M`). */
  readonly stage: 'E' | 'M';
  readonly bound: number;
}

/** The terms of a bound, nats an example. */
export interface BoundTerms {
  readonly elbo: number;
  readonly rate: number;
  readonly distortion: number;
}

/** q(z given x) = N(V (x − m), C) with one C for every x. */
export interface LinearPosterior {
  /** V, [q, D]. */
  readonly encoder: Matrix;
  /** C, [q, q]. */
  readonly covariance: Matrix;
}

/** How expectation maximisation begins and ends. */
export interface EmOptions {
  readonly seed?: number;
  /** Most iterations (an E-step and an M-step each). */
  readonly maxIterations?: number;
  /** Stops when an iteration raises the bound by less, in nats an example. */
  readonly tolerance?: number;
  /** Called after every iteration. */
  readonly onIteration?: (iteration: number, bound: number) => void;
}

/** The exact posterior of the linear-Gaussian model: V = M⁻¹W', C = s² M⁻¹ with M = W'W + s² I. */
export function linearPosterior({ components, noiseVariance, mean }: LinearGaussianParams): LinearPosterior {
  const weights = Matrix.from1DArray(mean.length, components.length / mean.length, components);
  const q = weights.columns;
  const inner = weights.transpose().mmul(weights).add(Matrix.eye(q).mul(noiseVariance));
  const cholesky = new CholeskyDecomposition(inner);
  return {
    encoder: cholesky.solve(weights.transpose()),
    covariance: cholesky.solve(Matrix.eye(q)).mul(noiseVariance),
  };
}

/**
 * The evidence lower bound of a linear-Gaussian model whose mean is the data's, in closed form, averaged over data of
 * covariance S: distortion −E_q log p(x given z), rate KL(q ‖ N(0, I)), nats an example.
 */
export function linearTerms(
  { covariance }: Pick<Moments, 'covariance'>,
  { components, noiseVariance, mean }: LinearGaussianParams,
  posterior: LinearPosterior,
): BoundTerms {
  const width = mean.length;
  const weights = Matrix.from1DArray(width, components.length / width, components);
  const q = weights.columns;
  const data = Matrix.from1DArray(width, width, covariance);
  const cross = posterior.encoder.mmul(data);
  const second = cross.mmul(posterior.encoder.transpose()).add(posterior.covariance);
  const residual =
    data.trace() - 2 * traceOfProduct(weights, cross) + traceOfProduct(weights.transpose().mmul(weights), second);
  const distortion = 0.5 * (width * Math.log(2 * Math.PI * noiseVariance) + residual / noiseVariance);
  const rate = 0.5 * (second.trace() - q - logDeterminant(posterior.covariance));
  return { elbo: -(distortion + rate), rate, distortion };
}

/** A fit, and the bound after each of its steps. */
export interface PpcaEm {
  /** With orthogonal columns of W, the longest first: the same density as the W that was found. */
  readonly model: LinearGaussian;
  readonly steps: readonly (EmStep & BoundTerms)[];
}

/**
 * Probabilistic PCA by expectation maximisation on the moments of the data (Tipping & Bishop 1999, section 3.2): the
 * E-step sets q to the exact posterior, the M-step solves for W, then s². Both raise the bound; the maximum is the closed
 * form of `ppca`. Throws `config` unless 1 ≤ q < D.
 *
 * @example fitPpcaEm(moments(data), 10).model.logLikelihood(test)
 */
export function fitPpcaEm(
  data: Pick<Moments, 'mean' | 'covariance'>,
  latentDim: number,
  options: EmOptions = {},
): PpcaEm {
  const { seed = 0, maxIterations = 1000, tolerance = 1e-7, onIteration } = options;
  const width = data.mean.length;
  if (!(Number.isInteger(latentDim) && latentDim >= 1 && latentDim < width)) {
    throw new ReparamError('config', 'bad number of latent dimensions', {
      got: `${latentDim} for ${width} dimensions`,
      expected: `an integer from 1 to ${width - 1}`,
    });
  }
  const covariance = Matrix.from1DArray(width, width, data.covariance);
  const spread = covariance.trace() / width;
  const start = normalArray(foldIn(key(seed), 'ppca'), width * latentDim);
  let params: LinearGaussianParams = {
    mean: data.mean,
    components: Float64Array.from(start, (value) => value * Math.sqrt(spread / latentDim)),
    noiseVariance: spread,
  };
  const steps: (EmStep & BoundTerms)[] = [];
  for (let iteration = 1; iteration <= maxIterations; iteration++) {
    const posterior = linearPosterior(params);
    const before = steps.at(-1)?.bound;
    const raised = (stage: 'E' | 'M') => {
      const terms = linearTerms(data, params, posterior);
      steps.push({ iteration, stage, bound: terms.elbo, ...terms });
      return terms.elbo;
    };
    raised('E');
    params = maximise(data.mean, covariance, posterior);
    const bound = raised('M');
    onIteration?.(iteration, bound);
    if (before !== undefined && bound - before < tolerance) break;
  }
  return { model: linearGaussian(principalForm(params)), steps };
}

/** The M-step: W = S V' E[zz']⁻¹, s² = (tr S − tr W V S) / D. */
function maximise(
  mean: Float64Array,
  covariance: Matrix,
  { encoder, covariance: c }: LinearPosterior,
): LinearGaussianParams {
  const cross = encoder.mmul(covariance);
  const second = cross.mmul(encoder.transpose()).add(c);
  const weights = new CholeskyDecomposition(symmetric(second)).solve(cross).transpose();
  const noiseVariance = (covariance.trace() - traceOfProduct(weights, cross)) / mean.length;
  return { mean, components: Float64Array.from(weights.to1DArray()), noiseVariance };
}

/** The same density with W'W diagonal: W turned by the eigenvectors of W'W, the largest eigenvalue first. */
function principalForm(params: LinearGaussianParams): LinearGaussianParams {
  const { mean, components } = params;
  const weights = Matrix.from1DArray(mean.length, components.length / mean.length, components);
  const { eigenvectorMatrix } = new EigenvalueDecomposition(weights.transpose().mmul(weights), {
    assumeSymmetric: true,
  });
  // Eigenvalues come in increasing order.
  const turned = weights.mmul(eigenvectorMatrix.flipRows());
  return { ...params, components: Float64Array.from(turned.to1DArray()) };
}

const symmetric = (matrix: Matrix): Matrix => matrix.clone().add(matrix.transpose()).mul(0.5);

/** Σ_ij a_ij b_ji. */
function traceOfProduct(a: Matrix, b: Matrix): number {
  let sum = 0;
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.columns; j++) sum += a.get(i, j) * b.get(j, i);
  return sum;
}

const logDeterminant = (matrix: Matrix): number =>
  new CholeskyDecomposition(symmetric(matrix)).lowerTriangularMatrix
    .diagonal()
    .reduce((sum, d) => sum + 2 * Math.log(d), 0);
