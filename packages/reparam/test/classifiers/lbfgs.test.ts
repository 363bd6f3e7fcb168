import { lbfgs } from 'reparam';
import { expect, test } from 'vitest';

/** A curved valley along y = x², its minimum at (1, 1). */
const rosenbrock = async ([x, y]: Float64Array) => ({
  value: (1 - x!) ** 2 + 100 * (y! - x! ** 2) ** 2,
  gradient: Float64Array.of(-2 * (1 - x!) - 400 * x! * (y! - x! ** 2), 200 * (y! - x! ** 2)),
});

/** ½ Σ c_i (x_i − i)², curvatures from 1 to 10⁴, as a function of 32-bit numbers would give it when `rounded`. */
const size = 30;
const curvatures = Float64Array.from({ length: size }, (_, i) => 10 ** ((4 * i) / (size - 1)));
const quadratic = (round: (value: number) => number) => async (point: Float64Array) => {
  const offset = point.map((value, i) => value - i);
  return {
    value: round(3 + offset.reduce((sum, d, i) => sum + (curvatures[i]! * d * d) / 2, 0)),
    gradient: offset.map((d, i) => round(curvatures[i]! * d)),
  };
};

test('a quadratic of condition 10⁴: the exact minimum, a hundred times sooner than by steepest descent', async () => {
  const result = await lbfgs(
    quadratic((v) => v),
    new Float64Array(size),
    { tolerance: 1e-9 },
  );
  expect(result.stopped).toBe('gradient');
  expect(result.iterations).toBeLessThan(1000);
  result.point.forEach((value, i) => {
    expect(value).toBeCloseTo(i, 8);
  });
  expect(result.value).toBeCloseTo(3, 12);
});

test('remembering more steps than there are dimensions, it takes a few a dimension', async () => {
  const start = new Float64Array(size);
  const all = await lbfgs(
    quadratic((v) => v),
    start,
    { tolerance: 1e-9, history: 60 },
  );
  const few = await lbfgs(
    quadratic((v) => v),
    start,
    { tolerance: 1e-9, history: 3 },
  );
  expect(all.iterations).toBeLessThan(8 * size);
  expect(few.iterations).toBeGreaterThan(3 * all.iterations);
});

test("Rosenbrock's valley from its usual start", async () => {
  const values: number[] = [];
  const result = await lbfgs(rosenbrock, Float64Array.of(-1.2, 1), {
    tolerance: 1e-10,
    onIteration: (_, value) => values.push(value),
  });
  expect(result.stopped).toBe('gradient');
  expect(result.point[0]).toBeCloseTo(1, 9);
  expect(result.point[1]).toBeCloseTo(1, 9);
  expect(result.evaluations).toBeLessThan(80);
  expect(values.every((value, i) => i === 0 || value <= values[i - 1]!)).toBe(true);
});

test('values in single precision do not stall it: the gradient goes on to fall', async () => {
  const result = await lbfgs(quadratic(Math.fround), new Float64Array(size).fill(-40), {
    tolerance: 1e-5,
    noise: 1e-7,
  });
  expect(result.stopped).toBe('gradient');
  result.point.forEach((value, i) => {
    expect(Math.abs(value - i)).toBeLessThan(2e-5);
  });
});

test('says when it ends otherwise: iterations used up, or a gradient that contradicts the values', async () => {
  const short = await lbfgs(rosenbrock, Float64Array.of(-1.2, 1), { maxIterations: 3 });
  expect(short).toMatchObject({ stopped: 'iterations', iterations: 3 });
  const wrong = await lbfgs(
    async ([x]) => ({ value: x! ** 2 + 1, gradient: Float64Array.of(-2 * x!) }),
    Float64Array.of(2),
  );
  expect(wrong).toMatchObject({ stopped: 'precision', iterations: 0 });
});
