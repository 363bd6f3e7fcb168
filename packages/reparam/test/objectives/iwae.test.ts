import { add, broadcastTo, constant, mul } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import { elbo, independent, iwae, type LatentModel, normal } from 'reparam';
import { describe, expect, test } from 'vitest';
import { expectMean, floats, moments } from '../support.ts';
import { drawObjective } from './objective.ts';

const unused = () => {
  throw new Error('not used here');
};

/** z ~ N(0, 1), x ~ N(z, ½): the posterior is N(2x/3, ⅓); q is that, moved and its variance multiplied. */
const gaussian1 = (shift: number, widen: number): LatentModel => ({
  dataShape: [1],
  latentDim: 1,
  support: 'real',
  init: unused,
  describe: unused,
  prior: () => independent(normal({ loc: broadcastTo(constant(0), [1]), scale: 1 })),
  encode: (_, x) => {
    const loc = add(mul(x, 2 / 3), shift);
    return independent(normal({ loc, scale: broadcastTo(constant(Math.sqrt(widen / 3)), loc.shape) }));
  },
  decode: (_, z) => independent(normal({ loc: z, scale: Math.SQRT1_2 })),
});

const x = 1.3;
const data = floats([x], [1, 1]);
const logP = -0.5 * Math.log(2 * Math.PI * 1.5) - x ** 2 / 3;
const off = gaussian1(0.3, 1.4);

/** L_k of `off`, by quadrature (EQUATIONS: one-dimensional importance weighting). */
const bounds: readonly (readonly [k: number, bound: number, rows: number])[] = [
  [1, -1.851768, 200_000],
  [5, -1.708093, 100_000],
  [10, -1.696061, 60_000],
  [50, -1.687145, 20_000],
  [100, -1.68607, 10_000],
];

test('log p(x) in closed form', () => {
  expect(logP).toBeCloseTo(-1.685004, 6);
});

test('L_1 in closed form: log p(x) − KL(q ‖ posterior)', () => {
  const kl = 0.5 * (1.4 - 1 - Math.log(1.4) + 0.3 ** 2 * 3);
  expect(logP - kl).toBeCloseTo(bounds[0]![1], 6);
});

describe('the bound in one dimension', () => {
  test.each(bounds)('k = %i: %d within 4 standard errors', async (k, bound, rows) => {
    const draws = await drawObjective(iwae({ numSamples: k }), off, {}, data, rows, { runtime: await nodeRuntime() });
    expectMean(draws.iwaeBound!, bound);
    expectMean(draws.elbo!, bounds[0]![1]);
    expect(draws.loss).toEqual(draws.iwaeBound!.map((v) => -v));
    // The five bounds lie further apart than this: a wrong k fails.
    expect(moments(draws.iwaeBound!).standardError).toBeLessThan(0.0022);
  });

  test.each([1, 5, 100])('k = %i with the exact posterior: log p(x), no variance', async (k) => {
    const { iwaeBound, loss } = await drawObjective(iwae({ numSamples: k }), gaussian1(0, 1), {}, data, 50);
    for (const v of iwaeBound!) expect(Math.abs(v - logP)).toBeLessThan(1e-12);
    for (const v of loss!) expect(Math.abs(v + logP)).toBeLessThan(1e-12);
  });

  test('k = 1 is the ELBO with every term sampled, draw by draw', async () => {
    const one = await drawObjective(iwae({ numSamples: 1 }), off, {}, data, 100);
    const sampled = await drawObjective(elbo({ kl: 'sampled' }), off, {}, data, 100);
    one.loss!.forEach((v, i) => {
      expect(Math.abs(v - sampled.loss![i]!)).toBeLessThan(1e-12);
    });
    expect(moments(one.loss!).variance).toBeGreaterThan(0.01);
  });
});

test.each([0, -1, 2.5, Number.NaN])('k = %d is refused', (numSamples) => {
  expect(() => iwae({ numSamples })).toThrow(`numSamples: got ${numSamples}, expected a positive integer`);
});
