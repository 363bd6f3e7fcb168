import { foldIn, key, normalArray } from '@reparam/tensor';
import { type VarianceEstimate, varianceOf } from './summary.ts';

/** How the gradient of an expectation is estimated. */
export type GradientEstimator = 'score function' | 'score function, best baseline' | 'reparameterised';

/** Options of the gradient experiment. */
export interface GradientOptions {
  /** θ and s of N(θ, s²). */
  readonly loc?: number;
  readonly scale?: number;
  /** Draws a mean is over. */
  readonly sizes?: readonly number[];
  /** Means whose variance is measured. */
  readonly repeats?: number;
  readonly seed?: number;
}

/** Variance of one estimator at one size, measured and exact. */
export interface GradientVariance extends VarianceEstimate {
  readonly estimator: GradientEstimator;
  readonly size: number;
  readonly exact: number;
}

/** One draw's estimate of d/dθ E_{N(θ, s²)} x², and its exact variance. */
const estimators: readonly {
  readonly name: GradientEstimator;
  of(x: number, loc: number, scale: number): number;
  variance(loc: number, scale: number): number;
}[] = [
  {
    name: 'score function',
    of: (x, loc, scale) => (x * x * (x - loc)) / scale ** 2,
    variance: (loc, scale) => loc ** 4 / scale ** 2 + 14 * loc ** 2 + 15 * scale ** 2,
  },
  {
    // The constant of least variance is E[x² score²] / E[score²] = θ² + 3 s².
    name: 'score function, best baseline',
    of: (x, loc, scale) => ((x * x - loc ** 2 - 3 * scale ** 2) * (x - loc)) / scale ** 2,
    variance: (loc, scale) => 8 * loc ** 2 + 6 * scale ** 2,
  },
  { name: 'reparameterised', of: (x) => 2 * x, variance: (_, scale) => 4 * scale ** 2 },
];

/**
 * Variance of estimators of d/dθ E_{N(θ, s²)} x² = 2θ that average N draws, over `repeats` such averages, beside the exact
 * variance. The draws of a smaller N are those of the largest.
 */
export function gradientVariance(options: GradientOptions = {}): GradientVariance[] {
  const { loc = 2, scale = 1, sizes = [10, 100, 1000, 10_000, 100_000], repeats = 400, seed = 0 } = options;
  const source = foldIn(key(seed), 'lab/gradients');
  const means = new Map(sizes.flatMap((n) => estimators.map((e) => [`${e.name} ${n}`, new Float64Array(repeats)])));
  const largest = Math.max(...sizes);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const noise = normalArray(foldIn(source, repeat), largest);
    for (const { name, of } of estimators) {
      let sum = 0;
      let drawn = 0;
      for (const n of [...sizes].sort((a, b) => a - b)) {
        for (; drawn < n; drawn++) sum += of(loc + scale * noise[drawn]!, loc, scale);
        means.get(`${name} ${n}`)![repeat] = sum / n;
      }
    }
  }
  return estimators.flatMap(({ name, variance }) =>
    sizes.map((size) => ({
      estimator: name,
      size,
      ...varianceOf(means.get(`${name} ${size}`)!),
      exact: variance(loc, scale) / size,
    })),
  );
}
