import {
  add,
  constant,
  grad,
  interpreter,
  log,
  mean,
  mul,
  type Runtime,
  square,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  analyticKl,
  continuousBernoulli,
  type Distribution,
  discretizedLogistic,
  discretizedLogisticMixture,
  laplace,
  negativeBinomial,
  orderedCategorical,
  poisson,
  traceContext,
  zeroInflatedNegativeBinomial,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, floats } from '../support.ts';
import { pieces } from './quadrature.ts';

type Params = Readonly<Record<string, Tensor>>;

/** Every combination of the given values, as columns. */
function grid(axes: Readonly<Record<string, readonly number[]>>): Record<string, number[]> {
  let rows: Record<string, number>[] = [{}];
  for (const [name, values] of Object.entries(axes)) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  }
  return Object.fromEntries(Object.keys(axes).map((name) => [name, rows.map((row) => row[name]!)]));
}

const extremes = [-100, -17, 0, 17, 100];
// A scale of e^-17 already puts values 1e9 scales away; e^100 counts or scales have no float32.
const cases: readonly (readonly [string, Record<string, number[]>, (p: Params) => Distribution])[] = [
  [
    'continuous bernoulli',
    grid({ x: [0, 0.3, 1], logits: extremes }),
    (p) => continuousBernoulli({ logits: p.logits! }),
  ],
  [
    'discretised logistic',
    grid({ x: [0, 100 / 255, 1], loc: extremes, logScale: [-17, 0, 17, 80] }),
    (p) => discretizedLogistic({ loc: p.loc!, logScale: p.logScale! }),
  ],
  ['laplace', grid({ x: [-100, 0, 17], loc: extremes, logScale: [-17, 0, 17, 80] }), (p) => laplace(p as never)],
  ['poisson', grid({ x: [0, 1, 17, 1000], logRate: [-100, -17, 0, 17] }), (p) => poisson({ logRate: p.logRate! })],
  [
    'negative binomial',
    grid({ x: [0, 1, 17, 1000], logMean: extremes, logDispersion: extremes }),
    (p) => negativeBinomial({ logMean: p.logMean!, logDispersion: p.logDispersion! }),
  ],
  [
    'zero-inflated negative binomial',
    grid({ x: [0, 1, 1000], logMean: extremes, logDispersion: extremes, zeroLogits: extremes }),
    (p) =>
      zeroInflatedNegativeBinomial({
        logMean: p.logMean!,
        logDispersion: p.logDispersion!,
        zeroLogits: p.zeroLogits!,
      }),
  ],
];

const runtimes: readonly (readonly [string, () => Promise<Runtime> | Runtime])[] = [
  ['interpreter', () => interpreter],
  ['onnxruntime-node', () => nodeRuntime()],
];

/** Log-probabilities and their gradients in every parameter. */
const measure = (columns: Record<string, number[]>, make: (p: Params) => Distribution, runtime: Runtime) => {
  const { x, ...params } = columns;
  const inputs = { x: floats(x!), params: Object.fromEntries(Object.entries(params).map(([k, v]) => [k, floats(v)])) };
  return compute<string>(
    inputs,
    ({ x: value, params: p }: { x: Tensor; params: Params }) => {
      const logProb = make(p).logProb(value);
      return { logProb, ...(grad(sum(logProb), p) as Params) };
    },
    { runtime },
  );
};

describe.each(cases)('%s at extremes', (_, columns, make) => {
  test('float32 on the native runtime agrees with float64: log-probability finite, gradients too', async () => {
    const exact = await measure(columns, make, interpreter);
    const native = await measure(columns, make, await nodeRuntime());
    for (const [name, wanted] of Object.entries(exact)) {
      expect([name, wanted.filter((v) => !Number.isFinite(v))]).toEqual([name, []]);
      // A float32 knows a parameter, and what is subtracted from it, to 6e-8 of their size.
      const size = Math.max(...wanted.map(Math.abs));
      const far = wanted.flatMap((w, i) => {
        const allowed = 2e-5 * Math.max(1, Math.abs(w)) + (Math.abs(w) < 1e4 ? 2e-4 : 0);
        return Math.abs(native[name]![i]! - w) <= allowed
          ? []
          : [`${name}[${i}] of ${size}: ${native[name]![i]} is not ${w}`];
      });
      expect(far).toEqual([]);
    }
  });
});

describe.each(runtimes)('known limits on %s', (_, open) => {
  test('a negative binomial of endless dispersion is Poisson, also in its gradient', async () => {
    const x = [0, 1, 5, 40, 1000];
    const logMean = [-2, 0, 1.5, 3, 6.9];
    const runtime = await open();
    const nb = await measure(
      { x, logMean },
      (p) => negativeBinomial({ logMean: p.logMean!, logDispersion: 100 }),
      runtime,
    );
    const limit = await measure({ x, logRate: logMean }, (p) => poisson({ logRate: p.logRate! }), interpreter);
    const tolerance = runtime === interpreter ? 5e-6 : 3e-4;
    expectClose(nb.logProb!, limit.logProb!, tolerance);
    expectClose(nb.logMean!, limit.logRate!, tolerance);
  });

  test('the gradient in a large dispersion does not drown in rounding', async () => {
    // d/dlog r → ((x − m)² − x) (−1) / (2 r) as r grows: nearly nothing.
    const got = await measure(
      { x: [0, 3, 50], logDispersion: [17, 17, 17] },
      (p) => negativeBinomial({ logMean: constant(1), logDispersion: p.logDispersion! }),
      await open(),
    );
    expectClose(got.logDispersion!, [0, 0, 0], 2e-4);
  });

  test('continuous Bernoulli: uniform at 0, exponential tails at ±100', async () => {
    const got = await measure(
      { x: [0.3, 0, 1, 0, 1], logits: [0, -100, -100, 100, 100] },
      (p) => continuousBernoulli({ logits: p.logits! }),
      await open(),
    );
    const peak = Math.log(100);
    expectClose(got.logProb!, [0, peak, peak - 100, peak - 100, peak], 1e-5);
    expectClose(got.logits!, [-0.2, -0.01, 0.99, -0.99, 0.01], 1e-5);
  });

  test('a discretised logistic of tiny scale is a point, of huge scale two', async () => {
    const got = await measure(
      { x: [100 / 255, 101 / 255, 0, 1, 0.5], logScale: [-17, -17, 17, 17, 17] },
      (p) => discretizedLogistic({ loc: constant(100 / 255), logScale: p.logScale! }),
      await open(),
    );
    expect(got.logProb![0]).toBeCloseTo(0, 6);
    expect(got.logProb![1]).toBeLessThan(-40_000);
    expectClose(got.logProb!.slice(2, 4), [-Math.LN2, -Math.LN2], 1e-5);
    // The density of the logistic at its centre, ¼ e^-17, times the width of a bin.
    expectClose(got.logProb!.slice(4), [-17 - Math.log(4) - Math.log(255)], 1e-5);
  }, 20_000);

  test('ordered categorical at ±100 and a mixture with a component of no weight', async () => {
    const got = await compute(
      { logits: floats([100, -100, 0, 0], [4, 1]), x: floats([1 / 3]), loc: floats([0.2, 0.9], [2, 1]) },
      ({ logits, x, loc }: { logits: Tensor; x: Tensor; loc: Tensor }) => {
        const logScale = mul(loc, 0);
        const weights = mul(loc, -1000);
        return {
          categorical: orderedCategorical({ logits }).logProb(x),
          mixture: discretizedLogisticMixture({ logits: weights, loc, logScale }).logProb(x),
          single: discretizedLogistic({ loc: constant(0.2), logScale: constant(0) }).logProb(x),
        };
      },
      { runtime: await open() },
    );
    expectClose(got.categorical, [-200], 1e-5);
    expectClose(got.mixture, got.single, 2e-5);
  });
});

describe('laplace', () => {
  const [loc, scale] = [
    [0.3, -1],
    [0.7, 1.8],
  ];

  test('KL in closed form is the integral', async () => {
    const { kl } = await compute(
      { loc: floats(loc!), scale: floats(scale!) },
      ({ loc: l, scale: s }: { loc: Tensor; scale: Tensor }) => ({
        kl: analyticKl(laplace({ loc: l, scale: s }), laplace({ loc: 0.5, scale: 1.2 }))!,
      }),
    );
    const logDensity = (x: number, m: number, b: number) => -Math.abs(x - m) / b - Math.log(2 * b);
    const wanted = loc!.map((m, i) => {
      const { events, volume } = pieces([...new Set([-70, -20, -5, m, 0.5, 5, 20, 70])].sort((a, b) => a - b));
      return events.reduce((total, [x], e) => {
        const q = logDensity(x!, m, scale![i]!);
        return total + volume[e]! * Math.exp(q) * (q - logDensity(x!, 0.5, 1.2));
      }, 0);
    });
    expectClose(kl, wanted, 1e-9);
  });

  test('draws: log-probability from the noise is that of the value; E z² has the gradient of m² + 2 b²', async () => {
    const got = await compute(
      { loc: floats(loc!), scale: floats(scale!) },
      (params: { loc: Tensor; scale: Tensor }, trace) => {
        const d = laplace(params);
        const { value, logProb } = d.rsampleWithLogProb(traceContext(trace, true).site('z'), [20_000]);
        const slopes = grad(sum(mean(square(value), { axes: 0 })), params);
        const exact = grad(sum(add(square(params.loc), mul(square(params.scale), 2))), params);
        return {
          gap: sub(logProb, d.logProb(value)),
          loc: sub(slopes.loc, exact.loc),
          // The standard error of d/db is 4 b √5 / √n: relative to b.
          scale: sub(log(slopes.scale), log(exact.scale)),
        };
      },
    );
    expectClose(
      got.gap,
      got.gap.map(() => 0),
      1e-12,
    );
    expectClose(got.loc, [0, 0], 0.08);
    expectClose(got.scale, [0, 0], 0.07);
  });
});
