import { add, constant, grad, mul, sub, sum, type Tensor } from '@reparam/tensor';
import {
  analyticKl,
  delta,
  independent,
  mixture,
  normal,
  normalTril,
  ReparameterizableChain,
  traceContext,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, expectMean, floats } from '../support.ts';

type Params = Readonly<Record<string, Tensor>>;

// L of two normals in three dimensions.
const loc = [0.3, -1, 2, 0, 0.5, -0.2];
const lower = [0.8, 0, 0, -0.4, 1.3, 0, 0.2, 0.7, 0.5, 1.5, 0, 0, 0.1, 0.6, 0, -1, 0.3, 0.9];
const full = { loc: floats(loc, [2, 3]), scaleTril: floats(lower, [2, 3, 3]) };
const prior = { m: floats([0.5, 0, -1]), s: floats([1.2, 0.7, 2]) };

describe('normals with a full covariance', () => {
  test('the density that comes with a draw is that of the draw', async () => {
    const { fromNoise, fromValue } = await compute(full, (params: { loc: Tensor; scaleTril: Tensor }, trace) => {
      const q = normalTril(params);
      const { value, logProb } = q.rsampleWithLogProb(traceContext(trace, true).site('z'), [40]);
      return { fromNoise: logProb, fromValue: q.logProb(value) };
    });
    expect(fromNoise).toHaveLength(80);
    expectClose(fromNoise, fromValue, 1e-12);
  });

  test('KL to a diagonal normal is that of traces and determinants, and the average of log q − log p', async () => {
    const { kl, draws } = await compute({ ...full, ...prior }, (params: Params, trace) => {
      const q = normalTril({ loc: params.loc!, scaleTril: params.scaleTril! });
      const p = independent(normal({ loc: params.m!, scale: params.s! }));
      const { value, logProb } = q.rsampleWithLogProb(traceContext(trace, true).site('z'), [20_000]);
      return { kl: analyticKl(q, p)!, draws: sub(logProb, p.logProb(value)) };
    });
    const exact = [0, 1].map((i) => {
      const L = (a: number, b: number) => lower[9 * i + 3 * a + b]!;
      const s = [1.2, 0.7, 2];
      const m = [0.5, 0, -1];
      let total = 0;
      for (let a = 0; a < 3; a++) {
        let variance = 0;
        for (let b = 0; b < 3; b++) variance += L(a, b) ** 2;
        total += (variance + (loc[3 * i + a]! - m[a]!) ** 2) / s[a]! ** 2 - 1 + Math.log(s[a]! ** 2);
      }
      return 0.5 * (total - Math.log((L(0, 0) * L(1, 1) * L(2, 2)) ** 2));
    });
    expectClose(kl, exact, 1e-12);
    for (const i of [0, 1])
      expectMean(
        draws.filter((_, k) => k % 2 === i),
        exact[i]!,
      );
  });

  test('a draw moves with loc and L: dz_i/dL_ij = ε_j', async () => {
    const { slope, noise } = await compute(full, (params: { loc: Tensor; scaleTril: Tensor }, trace) => {
      const site = traceContext(trace, true).site('z');
      let drawn: Tensor | undefined;
      const q = normalTril(params);
      const z = q.rsample({
        child: (name) => site.child(name),
        draw: (...args) => {
          drawn = site.draw(...args);
          return drawn;
        },
      });
      return { slope: grad(sum(z), params.scaleTril), noise: drawn! };
    });
    const wanted = [0, 1].flatMap((i) => [0, 1, 2].flatMap(() => noise.slice(3 * i, 3 * i + 3)));
    expectClose(slope, wanted, 1e-12);
  });
});

test('a mixture far out keeps a finite density, and its responsibilities are those of Bayes', async () => {
  const { logProb, slope, shares } = await compute(
    { logits: floats([0, 1]), loc: floats([-50, 50], [2, 1]), x: floats([200, 0, -49], [3, 1]) },
    ({ logits, loc, x }: Params) => {
      const p = mixture({ logits: logits!, components: independent(normal({ loc: loc!, scale: 1 })) });
      const density = p.logProb(x!);
      return { logProb: density, slope: grad(sum(density), x!), shares: p.logResponsibilities(x!) };
    },
  );
  const c = 0.5 * Math.log(2 * Math.PI);
  const [w0, w1] = [-Math.log(1 + Math.E), 1 - Math.log(1 + Math.E)];
  expectClose(logProb, [w1 - 11_250 - c, -1250 - c, w0 - 0.5 - c], 1e-12);
  expectClose(slope, [-150, 100 / (1 + Math.exp(-1)) - 50, -1], 1e-9);
  expectClose(shares.slice(2, 4), [w0, w1], 1e-12);
});

test('a chain with differentiable draws: density of the draw, gradient of E (a + b)', async () => {
  const { fromDraw, fromValue, slope } = await compute(
    { loc: floats([0.2, -1], [2, 1]), slope: floats([0.8], []) },
    ({ loc, slope }: Params, trace) => {
      const chain = new ReparameterizableChain({
        first: independent(normal({ loc: loc!, scale: 0.5 })),
        second: (a) => independent(normal({ loc: mul(a, slope!), scale: 0.3 })),
        sizes: [1, 1],
      });
      const { value, logProb } = chain.rsampleWithLogProb(traceContext(trace, true).site('z'), [7]);
      return { fromDraw: logProb, fromValue: chain.logProb(value), slope: grad(sum(value), loc!) };
    },
  );
  expectClose(fromDraw, fromValue, 1e-12);
  expectClose(slope, [7 * 1.8, 7 * 1.8], 1e-12);
});

test('a point mass draws itself, with log-probability 0 there and −∞ elsewhere', async () => {
  const { value, logProb, elsewhere, slope } = await compute(
    { loc: floats([1, 2, 3, 4], [2, 2]) },
    ({ loc }: { loc: Tensor }, trace) => {
      const q = delta({ loc });
      const drawn = q.rsampleWithLogProb(traceContext(trace, true).site('z'), [3]);
      return {
        ...drawn,
        elsewhere: q.logProb(add(loc, constant(floats([0, 0, 0, 1e-3], [2, 2])))),
        slope: grad(sum(drawn.value), loc),
      };
    },
  );
  expect(value).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
  expect(logProb).toEqual([0, 0, 0, 0, 0, 0]);
  expect(elsewhere).toEqual([0, Number.NEGATIVE_INFINITY]);
  expect(slope).toEqual([3, 3, 3, 3]);
});
