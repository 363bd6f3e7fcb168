import {
  add,
  constant,
  div,
  exp,
  foldIn,
  hostTensor,
  key,
  logSoftmax,
  matmul,
  mean,
  mul,
  neg,
  normalArray,
  reshape,
  slice,
  softmax,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '@reparam/tensor';
import { type DataMatrix, type EmStep, fitMixture, fitPpcaEm, type Moments, moments } from '../classical/index.ts';
import { leaf } from '../params.ts';
import { type AscentStep, alternatingAscent } from './ascent.ts';

/** Expectation maximisation beside alternating gradient ascent on the same bound: its value after every half-step. */
export interface EmComparison {
  readonly em: readonly EmStep[];
  readonly ascent: readonly AscentStep[];
  /** Bound at the maximum that expectation maximisation converges to. */
  readonly maximum: number;
}

/** Options of both comparisons. */
export interface EmComparisonOptions {
  readonly iterations?: number;
  /** Gradient steps in each half of an iteration. */
  readonly innerSteps?: number;
  readonly seed?: number;
}

/** Three clusters in the plane, `rows` examples. */
export function clusters(rows = 300, seed = 0): DataMatrix {
  const noise = normalArray(foldIn(key(seed), 'lab/clusters'), 2 * rows);
  const centres = [0, 0, 2.5, 1.5, -1.5, 3] as const;
  const data = Float64Array.from(noise, (value, i) => centres[2 * ((i >> 1) % 3) + (i & 1)]! + 0.8 * value);
  return { data, rows, columns: 2 };
}

/**
 * A mixture of three Gaussians in the plane; q is a table of responsibilities. The ascent starts at the means that
 * expectation maximisation has after one iteration, with unit covariances, equal weights and a uniform q.
 */
export async function emOnMixture(data: DataMatrix, options: EmComparisonOptions = {}): Promise<EmComparison> {
  const { iterations = 40, innerSteps = 3, seed = 0 } = options;
  const components = 3;
  const { rows, data: values } = data;
  const em = fitMixture(data, { components, seed, maxIterations: iterations, tolerance: 0 }).steps;
  const { bound: maximum } = fitMixture(data, { components, seed, maxIterations: 2000, tolerance: 1e-12 }).steps.at(
    -1,
  )!;
  const zeros = (shape: readonly number[]) => hostTensor(new Float64Array(shape.reduce((a, b) => a * b, 1)), shape);
  const starts = fitMixture(data, { components, seed, maxIterations: 1 }).means;
  const x = constantMatrix(values, [rows, 2]);
  const { steps } = await alternatingAscent(
    {
      phi: { logits: zeros([rows, components]) },
      theta: {
        weights: zeros([components]),
        means: hostTensor(starts.slice(), [components, 2]),
        logPrecision: zeros([components, 2]),
        slope: zeros([components]),
      },
      bound(phi, theta) {
        const logits = leaf(phi, 'logits');
        const coordinate = (t: Tensor, axis: number) => reshape(slice(t, 1, axis, axis + 1), [1, components]);
        const distance = (axis: number) => sub(slice(x, 1, axis, axis + 1), coordinate(leaf(theta, 'means'), axis));
        const [a, b] = [coordinate(leaf(theta, 'logPrecision'), 0), coordinate(leaf(theta, 'logPrecision'), 1)];
        // The precision's factor is [[e^a, 0], [c, e^b]]: log N = a + b − log 2π − ½ |A (x − m)|².
        const first = mul(exp(a), distance(0));
        const second = add(mul(reshape(leaf(theta, 'slope'), [1, components]), distance(0)), mul(exp(b), distance(1)));
        const logNormal = sub(sub(add(a, b), Math.log(2 * Math.PI)), mul(add(square(first), square(second)), 0.5));
        const logJoint = add(logNormal, reshape(logSoftmax(leaf(theta, 'weights')), [1, components]));
        return mean(sum(mul(softmax(logits), sub(logJoint, logSoftmax(logits))), { axes: 1 }));
      },
    },
    iterations,
    innerSteps,
  );
  return { em, ascent: steps, maximum };
}

/** Probabilistic PCA; q is N(V (x − m), diag D), the encoder of a linear VAE, and the expectations are exact. */
export async function emOnPpca(
  data: DataMatrix,
  latentDim: number,
  options: EmComparisonOptions = {},
): Promise<EmComparison> {
  const { iterations = 60, innerSteps = 3, seed = 0 } = options;
  const seen = moments(data);
  const em = fitPpcaEm(seen, latentDim, { seed, maxIterations: iterations, tolerance: 0 }).steps;
  const { bound: maximum } = fitPpcaEm(seen, latentDim, { seed, maxIterations: 20_000, tolerance: 1e-10 }).steps.at(
    -1,
  )!;
  const { steps } = await alternatingAscent(linearProblem(seen, latentDim, seed), iterations, innerSteps);
  return { em, ascent: steps, maximum };
}

function linearProblem({ covariance, mean: centre }: Moments, latentDim: number, seed: number) {
  const width = centre.length;
  const spread = Array.from({ length: width }, (_, i) => covariance[i * width + i]!).reduce((a, b) => a + b) / width;
  const noise = normalArray(foldIn(key(seed), 'ppca'), width * latentDim);
  const s = constantMatrix(covariance, [width, width]);
  const trace = spread * width;
  return {
    phi: {
      encoder: hostTensor(new Float64Array(latentDim * width), [latentDim, width]),
      logVariance: hostTensor(new Float64Array(latentDim), [latentDim]),
    },
    theta: {
      weight: hostTensor(
        Float64Array.from(noise, (value) => value * Math.sqrt(spread / latentDim)),
        [width, latentDim],
      ),
      logNoise: hostTensor(Float64Array.of(Math.log(spread)), []),
    },
    bound(phi: Parameters<typeof leaf>[0], theta: Parameters<typeof leaf>[0]): Tensor {
      const [encoder, logVariance] = [leaf(phi, 'encoder'), leaf(phi, 'logVariance')];
      const [weight, logNoise] = [leaf(theta, 'weight'), leaf(theta, 'logNoise')];
      const cross = matmul(encoder, s);
      const spreadOfCodes = matmul(cross, transpose(encoder));
      const gram = matmul(transpose(weight), weight);
      const variance = exp(logVariance);
      const diagonalOf = (t: Tensor) => sum(mul(t, identity(latentDim)), { axes: 1 });
      // E|x − W z|² = tr S − 2 tr(V S W) + tr(W'W (V S V' + D)).
      const explained = sum(mul(transpose(cross), weight));
      const second = add(sum(mul(gram, spreadOfCodes)), sum(mul(diagonalOf(gram), variance)));
      const residual = add(sub(trace, mul(explained, 2)), second);
      const distortion = mul(add(mul(add(logNoise, Math.log(2 * Math.PI)), width), div(residual, exp(logNoise))), 0.5);
      const codes = add(diagonalOf(spreadOfCodes), sub(sub(variance, 1), logVariance));
      return neg(add(distortion, mul(sum(codes), 0.5)));
    },
  };
}

const constantMatrix = (values: ArrayLike<number>, shape: readonly number[]): Tensor =>
  constant(hostTensor(Float64Array.from(values), shape));

const identity = (n: number): Tensor =>
  constantMatrix(
    Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
    [n, n],
  );

/** Log-likelihood of one parameter, and the bounds that touch it. */
export interface EmPicture {
  readonly theta: Float64Array;
  readonly logLikelihood: Float64Array;
  /** For each iteration: where it began, the bound that the E-step lifts to touch there, and where the M-step goes. */
  readonly iterations: readonly {
    readonly from: number;
    readonly touch: number;
    readonly bound: Float64Array;
    readonly to: number;
    readonly top: number;
  }[];
}

/**
 * E-step and M-step of one picture: a mixture ½ N(θ, 1) + ½ N(2, 1) with one unknown mean, its log-likelihood over θ, and
 * the bound of each iteration, which touches it where the iteration begins.
 */
export function emPicture(rows = 60, start = -4, iterations = 3, seed = 0): EmPicture {
  const noise = normalArray(foldIn(key(seed), 'lab/em-picture'), rows);
  const data = Array.from(noise, (value, i) => (i % 2 === 0 ? 2 : -1) + value);
  const logNormal = (x: number, m: number) => -0.5 * (x - m) ** 2 - 0.5 * Math.log(2 * Math.PI);
  const joint = (x: number, m: number): [number, number] => [
    Math.log(0.5) + logNormal(x, m),
    Math.log(0.5) + logNormal(x, 2),
  ];
  const average = (f: (x: number, i: number) => number) => data.reduce((total, x, i) => total + f(x, i), 0) / rows;
  const logLikelihood = (m: number) =>
    average((x) => {
      const [a, b] = joint(x, m);
      const peak = Math.max(a, b);
      return peak + Math.log(Math.exp(a - peak) + Math.exp(b - peak));
    });
  const theta = Float64Array.from({ length: 241 }, (_, i) => -5 + i * (6 / 240));
  let from = start;
  const steps = Array.from({ length: iterations }, () => {
    const q = data.map((x) => {
      const [a, b] = joint(x, from);
      return 1 / (1 + Math.exp(b - a));
    });
    const bound = (m: number) =>
      average((x, i) => {
        const [a, b] = joint(x, m);
        const r = q[i]!;
        const entropy = -(r > 0 ? r * Math.log(r) : 0) - (r < 1 ? (1 - r) * Math.log(1 - r) : 0);
        return r * a + (1 - r) * b + entropy;
      });
    const to = data.reduce((total, x, i) => total + q[i]! * x, 0) / q.reduce((a, b) => a + b, 0);
    const step = { from, touch: bound(from), bound: theta.map(bound), to, top: bound(to) };
    from = to;
    return step;
  });
  return { theta, logLikelihood: theta.map(logLikelihood), iterations: steps };
}
