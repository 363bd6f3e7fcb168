import { abs, add, grad, interpreter, mean, mul, neg, type Runtime, sub, sum, type Tensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  analyticKl,
  bernoulli,
  type Context,
  categorical,
  type Distribution,
  independent,
  klDivergence,
  Normal,
  normal,
  registerKl,
  traceContext,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, expectMean, floats } from '../support.ts';

type Params = Readonly<Record<string, Tensor>>;
type Log = (x: number) => number;

const logNormal =
  (loc: number, scale: number): Log =>
  (x) =>
    -0.5 * ((x - loc) / scale) ** 2 - Math.log(scale) - 0.5 * Math.log(2 * Math.PI);
const logSigmoid = (l: number) => -Math.log1p(Math.exp(-l));
const logBernoulli =
  (logit: number): Log =>
  (x) =>
    logSigmoid(x === 1 ? logit : -logit);
const logCategorical = (logits: readonly number[]): Log => {
  const total = Math.log(logits.reduce((t, l) => t + Math.exp(l), 0));
  return (x) => logits[x]! - total;
};

/** ∫ q log(q/p), by the midpoint rule on ±24. */
const integral = (q: Log, p: Log): number => {
  const h = 0.005;
  let total = 0;
  for (let x = -24 + h / 2; x < 24; x += h) total += h * Math.exp(q(x)) * (q(x) - p(x));
  return total;
};
const sumOver = (n: number, q: Log, p: Log): number =>
  Array.from({ length: n }, (_, x) => Math.exp(q(x)) * (q(x) - p(x))).reduce((a, b) => a + b);

const q = { loc: [-1, 0.3, 2], scale: [0.5, 1, 1.6] };
const p = { loc: [0.2, 0, -1], scale: [1.1, 0.7, 2] };
const normals = (which: typeof q) => which.loc.map((loc, i) => logNormal(loc, which.scale[i]!));
const [qNormals, pNormals] = [normals(q), normals(p)];
const toStandard = qNormals.map((d) => integral(d, logNormal(0, 1)));
const [ql, pl] = [
  [-2, 0, 1.5],
  [0.5, -1, 1.5],
];
const classesQ = [0.3, -1, 2, 0];
const classesP = [1, 1, -0.5, 0.2];
const tensors = (which: typeof q) => ({ loc: floats(which.loc), scale: floats(which.scale) });

const rows: readonly {
  readonly name: string;
  readonly params: unknown;
  readonly pair: (params: { q: Params; p: Params }) => [Distribution, Distribution];
  readonly exact: readonly number[];
}[] = [
  {
    name: 'normal ‖ normal',
    params: { q: tensors(q), p: tensors(p) },
    pair: (d) => [normal(d.q as never), normal(d.p as never)],
    exact: qNormals.map((d, i) => integral(d, pNormals[i]!)),
  },
  {
    name: 'normal ‖ standard normal',
    params: { q: tensors(q), p: {} },
    pair: (d) => [normal(d.q as never), normal({ loc: 0, scale: 1 })],
    exact: toStandard,
  },
  {
    name: 'one normal ‖ several',
    params: { q: { loc: floats([-1], []), scale: floats([0.5], []) }, p: tensors(p) },
    pair: (d) => [normal(d.q as never), normal(d.p as never)],
    exact: pNormals.map((d) => integral(qNormals[0]!, d)),
  },
  {
    name: 'normals with one scale ‖ standard normal',
    params: { q: { loc: floats(q.loc), scale: floats([0.5], []) }, p: {} },
    pair: (d) => [normal(d.q as never), normal({ loc: 0, scale: 1 })],
    exact: q.loc.map((loc) => integral(logNormal(loc, 0.5), logNormal(0, 1))),
  },
  {
    name: 'independent normals ‖ independent normals',
    params: { q: tensors(q), p: tensors(p) },
    pair: (d) => [independent(normal(d.q as never)), independent(normal(d.p as never))],
    exact: [qNormals.reduce((t, d, i) => t + integral(d, pNormals[i]!), 0)],
  },
  {
    name: 'bernoulli ‖ bernoulli',
    params: { q: { logits: floats(ql) }, p: { logits: floats(pl) } },
    pair: (d) => [bernoulli(d.q as never), bernoulli(d.p as never)],
    exact: ql.map((l, i) => sumOver(2, logBernoulli(l), logBernoulli(pl[i]!))),
  },
  {
    name: 'categorical ‖ categorical',
    params: { q: { logits: floats(classesQ) }, p: { logits: floats(classesP) } },
    pair: (d) => [categorical(d.q as never), categorical(d.p as never)],
    exact: [sumOver(4, logCategorical(classesQ), logCategorical(classesP))],
  },
];

test.each(rows.map((row) => [row.name, row] as const))('closed form of %s is the integral', async (_, row) => {
  const { kl, itself } = await compute(row.params, (params: { q: Params; p: Params }, trace) => {
    const [from, to] = row.pair(params);
    const result = klDivergence(from, to, () => {
      throw new Error(`no draw is needed in ${trace}`);
    });
    expect(result.exact).toBe(true);
    return { kl: result.value, itself: analyticKl(from, from)! };
  });
  expectClose(kl, row.exact, 1e-9);
  expect(itself.every((v) => Math.abs(v) < 1e-14)).toBe(true);
});

test('no closed form: none is made up for unequal event ranks or unlike families', async () => {
  await compute({ x: floats([1, 2, 3, 4], [2, 2]) }, ({ x }: { x: Tensor }) => {
    const flat = normal({ loc: x, scale: 1 });
    expect(analyticKl(independent(flat, 1), independent(flat, 2))).toBeUndefined();
    expect(analyticKl(flat, bernoulli({ logits: x }))).toBeUndefined();
    expect(analyticKl(independent(flat), independent(bernoulli({ logits: x })))).toBeUndefined();
    return { x };
  });
});

/** A Laplace distribution: a family the registry does not know. */
class Laplace implements Distribution {
  readonly batchShape = [];
  readonly eventRank = 0;
  readonly scale: number;
  constructor(scale: number) {
    this.scale = scale;
  }
  logProb(value: Tensor): Tensor {
    return sub(neg(mul(abs(value), 1 / this.scale)), Math.log(2 * this.scale));
  }
  sample(): Tensor {
    throw new Error('not drawn from here');
  }
  get mean(): Tensor {
    throw new Error('not used here');
  }
  entropy(): Tensor {
    throw new Error('not used here');
  }
}

const logLaplace = (x: number) => -Math.abs(x) / 0.8 - Math.log(1.6);

const sampled = (q: Normal, p: Distribution, context: Context) =>
  klDivergence(q, p, () => q.rsampleWithLogProb(context.site('z'), [20_000]));

test('sampled fallback: unbiased, its gradient too, and it says what it is', async () => {
  const { value, slope } = await compute({ loc: floats([0.7]) }, ({ loc }: { loc: Tensor }, trace) => {
    const kl = sampled(normal({ loc, scale: 0.6 }), new Laplace(0.8), traceContext(trace, true));
    expect(kl.exact).toBe(false);
    return { value: kl.value, slope: grad(sum(mean(kl.value, { axes: 0 })), loc) };
  });
  const exact = (loc: number) => integral(logNormal(loc, 0.6), logLaplace);
  expectMean(value, exact(0.7));
  const step = 1e-4;
  // d/dμ of one draw is sign(z)/b: its standard error is below 1.25/√20000.
  expect(Math.abs(slope[0]! - (exact(0.7 + step) - exact(0.7 - step)) / (2 * step))).toBeLessThan(
    5 / Math.sqrt(20_000),
  );
});

test('a registered rule is used, the latest first, and may decline', async () => {
  await compute({ loc: floats([1]) }, ({ loc }: { loc: Tensor }, trace) => {
    const from = normal({ loc, scale: 1 });
    const context = traceContext(trace, true);
    registerKl(Normal, Laplace, (a) => mul(a.loc, 3));
    registerKl(Normal, Laplace, (a, b) => (b.scale === 2 ? mul(a.loc, 5) : undefined));
    const known = [new Laplace(1), new Laplace(2)].map((to) => sampled(from, to, context));
    expect(known.map((kl) => kl.exact)).toEqual([true, true]);
    return { kl: add(known[0]!.value, mul(known[1]!.value, 100)) };
  }).then(({ kl }) => expectClose(kl, [503], 1e-12));
});

describe.each([
  ['interpreter', async (): Promise<Runtime> => interpreter],
  ['onnxruntime-node', () => nodeRuntime()],
] as const)('KL at the extremes on %s', (_, open) => {
  test('logits ±100, log scales ±17: finite values and gradients', async () => {
    const inputs = {
      ql: floats([100, -100, 100, 0]),
      pl: floats([-100, 100, 100, 100]),
      logScale: floats([-17, 8, 0]),
      loc: floats([0, 0, 100]),
    };
    const got = await compute(
      inputs,
      ({ ql, pl, logScale, loc }: Params) => {
        const bits = analyticKl(bernoulli({ logits: ql! }), bernoulli({ logits: pl! }))!;
        const normals = analyticKl(normal({ loc: loc!, logScale: logScale! }), normal({ loc: 0, scale: 1 }))!;
        const g = grad(add(sum(bits), sum(normals)), { ql, pl, logScale, loc } as Params) as Params;
        return { bits, normals, ...g } as { bits: Tensor; normals: Tensor; pl: Tensor; logScale: Tensor; loc: Tensor };
      },
      { runtime: await open() },
    );
    // The last: ½ (log ½ − log σ(100)) + ½ (log ½ − log σ(−100)).
    expectClose(got.bits, [100, 100, 0, 50 - Math.LN2], 1e-6);
    expectClose(got.pl, [-1, 1, 0, 0.5], 1e-6);
    expectClose(got.normals, [16.5, (Math.exp(16) - 1) / 2 - 8, 5000], 1e-6);
    expectClose(got.logScale, [-1, Math.exp(16) - 1, 0], 1e-6);
    expectClose(got.loc, [0, 0, 100], 1e-6);
  });

  test('far classes: exact, no 0·∞', async () => {
    const { kl, slope } = await compute(
      { q: floats([100, -100, 0]), p: floats([-100, 100, 0]) },
      ({ q, p }: Params) => {
        const kl = analyticKl(categorical({ logits: q! }), categorical({ logits: p! }))!;
        return { kl, slope: grad(kl, p!) };
      },
      { runtime: await open() },
    );
    expectClose(kl, [200], 1e-6);
    expectClose(slope, [-1, 1, 0], 1e-6);
  });
});
