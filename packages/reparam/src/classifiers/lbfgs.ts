/** A function's value and its gradient at a point. */
export interface ValueAndGradient {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** When the search ends, and what it knows of the function. */
export interface LbfgsOptions {
  /** It has converged when the largest entry of the gradient is no larger, in absolute value; default 1e-5. */
  readonly tolerance?: number;
  /** Default 1000. */
  readonly maxIterations?: number;
  /** Steps that the approximation of the Hessian remembers; default 20. */
  readonly history?: number;
  /** Relative error of the function's values: differences below it decide nothing; default 1e-14. */
  readonly noise?: number;
  /** Called after each iteration; an error thrown here ends the search. */
  readonly onIteration?: (iteration: number, value: number, gradientNorm: number) => void;
}

/** Where the search ended. */
export interface LbfgsResult extends ValueAndGradient {
  readonly point: Float64Array;
  /** Largest entry of the gradient in absolute value. */
  readonly gradientNorm: number;
  readonly iterations: number;
  readonly evaluations: number;
  /** The tolerance was met, no step goes further down in the function's precision, or the iterations were used up. */
  readonly stopped: 'gradient' | 'precision' | 'iterations';
}

/** A step and the change of the gradient along it. */
interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  /** 1 / (step · change). */
  readonly rho: number;
}

interface Trial extends ValueAndGradient {
  readonly length: number;
  readonly point: Float64Array;
  readonly slope: number;
}

const sufficientDecrease = 1e-4;
const curvature = 0.9;
const maxTrials = 30;

/**
 * Minimises a smooth function by L-BFGS (Liu and Nocedal 1989) with a line search for the strong Wolfe conditions. The search
 * brackets by values and slopes; where values differ by less than their `noise`, slopes alone decide, so that a function
 * computed in single precision does not stall it.
 */
export async function lbfgs(
  evaluate: (point: Float64Array) => Promise<ValueAndGradient>,
  start: Float64Array,
  options: LbfgsOptions = {},
): Promise<LbfgsResult> {
  const { tolerance = 1e-5, maxIterations = 1000, history = 20, noise = 1e-14, onIteration } = options;
  let evaluations = 1;
  let point: Float64Array = start.slice();
  let here = await evaluate(point);
  const pairs: Pair[] = [];
  let iterations = 0;
  const ended = (stopped: LbfgsResult['stopped']): LbfgsResult => ({
    ...here,
    point,
    gradientNorm: largest(here.gradient),
    iterations,
    evaluations,
    stopped,
  });

  while (iterations < maxIterations) {
    if (largest(here.gradient) <= tolerance) return ended('gradient');
    const direction = descent(here.gradient, pairs);
    const slope = dot(direction, here.gradient);
    const first = pairs.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(direction, direction))) : 1;
    const trial = async (length: number): Promise<Trial> => {
      const next = point.map((value, i) => value + length * direction[i]!);
      evaluations++;
      const found = await evaluate(next);
      return { ...found, length, point: next, slope: dot(found.gradient, direction) };
    };
    const from: Trial = { ...here, length: 0, point, slope };
    const next = slope < 0 ? await lineSearch(trial, from, first, noise * Math.abs(here.value)) : undefined;
    if (!next) {
      if (pairs.length === 0) return ended('precision');
      // What is remembered may be what misleads: once more from the plain gradient.
      pairs.length = 0;
      continue;
    }
    const step = next.point.map((value, i) => value - point[i]!);
    const change = next.gradient.map((value, i) => value - here.gradient[i]!);
    const product = dot(step, change);
    if (product > 1e-12 * dot(change, change)) {
      pairs.push({ step, change, rho: 1 / product });
      if (pairs.length > history) pairs.shift();
    }
    point = next.point;
    here = { value: next.value, gradient: next.gradient };
    iterations++;
    onIteration?.(iterations, here.value, largest(here.gradient));
  }
  return ended(largest(here.gradient) <= tolerance ? 'gradient' : 'iterations');
}

/** Minus the approximate inverse Hessian times the gradient: the two loops over the remembered steps. */
function descent(gradient: Float64Array, pairs: readonly Pair[]) {
  const direction = gradient.map((value) => -value);
  const shares = new Float64Array(pairs.length);
  for (let i = pairs.length - 1; i >= 0; i--) {
    const { step, change, rho } = pairs[i]!;
    shares[i] = rho * dot(step, direction);
    addTo(direction, change, -shares[i]!);
  }
  const last = pairs.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.change, last.change));
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
  }
  pairs.forEach(({ step, change, rho }, i) => {
    addTo(direction, step, shares[i]! - rho * dot(change, direction));
  });
  return direction;
}

/**
 * A length that meets the strong Wolfe conditions, or undefined. Between `low` (enough decrease, still descending) and
 * `high` (too little decrease, or ascending) lies one.
 */
async function lineSearch(
  trial: (length: number) => Promise<Trial>,
  from: Trial,
  first: number,
  slack: number,
): Promise<Trial | undefined> {
  let low = from;
  let high: Trial | undefined;
  let length = first;
  for (let tries = 0; tries < maxTrials; tries++) {
    const here = await trial(length);
    const enough = here.value <= from.value + sufficientDecrease * length * from.slope + slack;
    if (enough && Math.abs(here.slope) <= -curvature * from.slope) return here;
    if (enough && here.slope < 0) low = here;
    else high = here;
    if (high && high.length - low.length <= 1e-12 * high.length) return undefined;
    length = high ? between(low, high) : 4 * length;
  }
  return undefined;
}

/** The minimum of the cubic through values and slopes at both ends, kept away from them; their middle when there is none. */
function between(low: Trial, high: Trial): number {
  const width = high.length - low.length;
  const theta = low.slope + high.slope - (3 * (high.value - low.value)) / width;
  const root = Math.sqrt(theta * theta - low.slope * high.slope);
  const share = 1 - (high.slope + root - theta) / (high.slope - low.slope + 2 * root);
  return low.length + width * (Number.isFinite(share) ? Math.min(0.9, Math.max(0.1, share)) : 0.5);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addTo(a: Float64Array, b: Float64Array, factor: number): void {
  for (let i = 0; i < a.length; i++) a[i]! += factor * b[i]!;
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
