import { foldIn, key, normalArray, uniformArray } from '@reparam/tensor';
import { Matrix, QrDecomposition } from 'ml-matrix';
import { linearGaussian } from '../classical/index.ts';

/** Options of the experiment. */
export interface PriorSamplingOptions {
  readonly latentDims?: readonly number[];
  /** Draws of z an estimate uses. */
  readonly numSamples?: readonly number[];
  /** Examples, each with draws of its own. */
  readonly examples?: number;
  /** Values an example has. */
  readonly width?: number;
  readonly seed?: number;
}

/** How far log (1/K) Σ p(x given z_k), z_k ~ p(z), lies from log p(x). */
export interface PriorSamplingError {
  readonly latentDim: number;
  readonly numSamples: number;
  /** Mean of estimate − log p(x), nats: never positive in expectation. */
  readonly bias: number;
  readonly standardError: number;
  /** Root of the mean squared error, nats. */
  readonly rootMeanSquare: number;
}

/** Columns of W have this length, and the noise has variance 1 in each dimension: log p(x) is known exactly. */
const columnLength = 3;

/**
 * Monte Carlo error of sampling from the prior in linear-Gaussian models of growing latent dimension, on examples drawn
 * from the model itself.
 */
export function priorSampling(options: PriorSamplingOptions = {}): PriorSamplingError[] {
  const {
    latentDims = [1, 2, 5, 10, 20, 40],
    numSamples = [100, 1000, 10_000],
    examples = 40,
    width = 64,
    seed = 0,
  } = options;
  const most = Math.max(...numSamples);
  return latentDims.flatMap((q) => {
    const source = foldIn(foldIn(key(seed), 'lab/prior-sampling'), q);
    const raw = Matrix.from1DArray(width, q, Array.from(normalArray(foldIn(source, 'W'), width * q)));
    const axes = new QrDecomposition(raw).orthogonalMatrix;
    const components = Float64Array.from(axes.to1DArray(), (value) => columnLength * value);
    const model = linearGaussian({ mean: new Float64Array(width), components, noiseVariance: 1 });
    const data = model.sample(foldIn(source, 'x'), examples);
    const exact = model.logLikelihoods({ data, rows: examples, columns: width });
    const errors = numSamples.map(() => new Float64Array(examples));
    for (let row = 0; row < examples; row++) {
      const x = data.subarray(row * width, (row + 1) * width);
      // With orthogonal columns |x − W z|² = |x|² − |W'x|²/c² + |W'x/c − c z|².
      const projected = new Float64Array(q);
      let rest = 0;
      for (let i = 0; i < width; i++) {
        rest += x[i]! ** 2;
        for (let k = 0; k < q; k++) projected[k]! += (components[i * q + k]! / columnLength) * x[i]!;
      }
      for (const value of projected) rest -= value * value;
      const noise = normalArray(foldIn(foldIn(source, 'z'), row), most * q);
      let peak = Number.NEGATIVE_INFINITY;
      let total = 0;
      for (let k = 0; k < most; k++) {
        let square = rest;
        for (let j = 0; j < q; j++) square += (projected[j]! - columnLength * noise[k * q + j]!) ** 2;
        const log = -0.5 * square;
        if (log > peak) {
          total = total * Math.exp(peak - log) + 1;
          peak = log;
        } else total += Math.exp(log - peak);
        const at = numSamples.indexOf(k + 1);
        if (at < 0) continue;
        const estimate = peak + Math.log(total / (k + 1)) - (width / 2) * Math.log(2 * Math.PI);
        errors[at]![row] = estimate - exact[row]!;
      }
    }
    return numSamples.map((count, at) => ({ latentDim: q, numSamples: count, ...momentsOf(errors[at]!) }));
  });
}

function momentsOf(errors: Float64Array) {
  const n = errors.length;
  const bias = errors.reduce((sum, each) => sum + each, 0) / n;
  const squares = errors.reduce((sum, each) => sum + each * each, 0) / n;
  const standardError = Math.sqrt(Math.max(0, squares - bias * bias) / (n - 1));
  return { bias, standardError, rootMeanSquare: Math.sqrt(squares) };
}

/** Options of the classifier's twin. */
export interface IndicatorOptions {
  /** Equally likely classes: p(y) = 1 / classes. */
  readonly classes?: readonly number[];
  readonly numSamples?: readonly number[];
  readonly repeats?: number;
  readonly seed?: number;
}

/** How log (1/K) Σ 1[y = y_k], y_k ~ p, lies from log p(y). */
export interface IndicatorError {
  readonly classes: number;
  readonly numSamples: number;
  /** Share of estimates that are −∞: no draw hit the class. */
  readonly shareInfinite: number;
  /** (1 − p)^K. */
  readonly exactShareInfinite: number;
  /** Root of the mean squared error of the finite ones, nats; NaN when there are none. */
  readonly rootMeanSquare: number;
}

/** Estimating the likelihood of a softmax by drawing classes from it: the same lesson without a latent space. */
export function indicatorSampling(options: IndicatorOptions = {}): IndicatorError[] {
  const { classes = [2, 10, 100, 1000, 10_000], numSamples = [100, 1000, 10_000], repeats = 200, seed = 0 } = options;
  const source = foldIn(key(seed), 'lab/indicator');
  return classes.flatMap((count) =>
    numSamples.map((samples) => {
      const p = 1 / count;
      let infinite = 0;
      let squares = 0;
      for (let repeat = 0; repeat < repeats; repeat++) {
        const draws = uniformArray(foldIn(foldIn(foldIn(source, count), samples), repeat), samples);
        const hits = draws.reduce((sum, u) => sum + (u < p ? 1 : 0), 0);
        if (hits === 0) infinite++;
        else squares += (Math.log(hits / samples) - Math.log(p)) ** 2;
      }
      return {
        classes: count,
        numSamples: samples,
        shareInfinite: infinite / repeats,
        exactShareInfinite: (1 - p) ** samples,
        rootMeanSquare: Math.sqrt(squares / (repeats - infinite)),
      };
    }),
  );
}
