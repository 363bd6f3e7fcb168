import {
  abs,
  constant,
  exp,
  grad,
  hostTensor,
  key,
  log,
  mul,
  normalArray,
  reshape,
  slice,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import {
  actNorm,
  bindFlow,
  chain,
  coupling,
  type Flow,
  flowPosterior,
  flowPrior,
  fullCovarianceNormal,
  independent,
  inverseAutoregressive,
  linearLu,
  linearQr,
  maskedAutoregressive,
  normal,
  PushForward,
  permute,
  planar,
  pullBack,
  radial,
  type SymbolicParams,
  traceContext,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { compute, expectClose, expectMean, floats } from '../support.ts';
import { perturbed } from './perturb.ts';

// Bounded in the tails: where a scale grows with x, much of the mass lies far out.
const net = { hidden: [8], activation: 'tanh' } as const;
const plane: Readonly<Record<string, Flow>> = {
  lu: chain([actNorm(), linearLu()]),
  qr: chain([actNorm(), linearQr()]),
  maf: chain([maskedAutoregressive(net), maskedAutoregressive({ ...net, order: 'reversed' })]),
  realnvp: chain([coupling({ ...net, logScaleBound: 1 }), coupling({ ...net, keep: 'second', logScaleBound: 1 })]),
  iaf: chain([inverseAutoregressive(net), permute('reverse'), inverseAutoregressive(net)]),
  planar: chain([planar(), planar()]),
  radial: chain([radial(), radial()]),
};
interface Inputs {
  readonly params: SymbolicParams;
  readonly x: Tensor;
}
const standard = () => independent(normal({ loc: constant(hostTensor(new Float32Array(2), [2])), scale: 1 }));

describe.each(Object.entries(plane))('%s in the plane', (_, flow) => {
  const params = perturbed(flow.init(key(1), 2), 3, 0.3);

  test('the density integrates to 1', async () => {
    const [from, to, n] = [-11, 11, 200];
    const step = (to - from) / n;
    const at = (i: number) => from + (i + 0.5) * step;
    const grid = Float64Array.from({ length: 2 * n * n }, (_, i) =>
      at(i % 2 === 0 ? Math.floor(i / 2 / n) : (i >> 1) % n),
    );
    const { logProb } = await compute({ params, x: floats(grid, [n * n, 2]) }, ({ params: p, x }: Inputs, trace) => ({
      logProb: pullBack(standard(), bindFlow(flow, p, traceContext(trace, false))).logProb(x),
    }));
    expect(logProb.reduce((total, l) => total + Math.exp(l), 0) * step * step).toBeCloseTo(1, 3);
  });

  test('a draw comes with its density: log q(z) = log p(ε) − log abs det dz/dε', async () => {
    const { logQ, exact, back } = await compute({ params, x: floats([0], [1]) }, ({ params: p }: Inputs, trace) => {
      const context = traceContext(trace, false);
      const noise = context.site('z').draw('normal', [5, 3, 2], 1);
      const q = new PushForward(standard(), bindFlow(flow, p, context));
      const { value, logProb } = q.rsampleWithLogProb({ draw: () => noise, child: (name) => context.site(name) });
      const [dz0, dz1] = [0, 1].map((j) => grad(sum(slice(value, -1, j, j + 1)), noise)) as [Tensor, Tensor];
      const entry = (t: Tensor, j: number) => reshape(slice(t, -1, j, j + 1), [5, 3]);
      const determinant = sub(mul(entry(dz0, 0), entry(dz1, 1)), mul(entry(dz0, 1), entry(dz1, 0)));
      const exact = sub(standard().logProb(noise), log(abs(determinant)));
      return { logQ: logProb, exact, back: flow.inverse ? q.logProb(value) : logProb };
    });
    expectClose(logQ, exact, 1e-9);
    expectClose(back, exact, 1e-8);
  });
});

describe('posteriors', () => {
  const posteriors = {
    planar: flowPosterior({ flow: plane.planar! }),
    'radial, the same for every x': flowPosterior({ flow: plane.radial!, amortized: false }),
    'inverse autoregressive': flowPosterior({ flow: plane.iaf! }),
    'coupling on a full covariance': flowPosterior({ flow: plane.realnvp!, base: fullCovarianceNormal() }),
  };

  test.each(Object.entries(posteriors))('%s: E_q[p(z)/q(z)] = 1', async (_, posterior) => {
    // Each of the 3 rows has features of its own; the ratio's expectation is 1 whatever they are.
    const params = perturbed(posterior.init(key(2), 4, 2), 5, 0.1);
    const features = floats(Float64Array.from(normalArray(key(4), 12)), [3, 4]);
    const { ratio } = await compute({ params, x: features }, ({ params: p, x }: Inputs, trace) => {
      const context = traceContext(trace, false);
      const { value, logProb } = posterior.distribution(p, x, 2, context).rsampleWithLogProb(context.site('z'), [6000]);
      const narrow = independent(normal({ loc: constant(hostTensor(new Float32Array(2), [2])), scale: 0.6 }));
      return { ratio: exp(sub(narrow.logProb(value), logProb)) };
    });
    for (let row = 0; row < 3; row++)
      expectMean(
        ratio.filter((_, i) => i % 3 === row),
        1,
        5,
      );
  });

  test('what has no closed form is refused with the reason', async () => {
    const posterior = flowPosterior({ flow: planar() });
    const params = posterior.init(key(2), 4, 2);
    const ask = (what: (q: PushForward, x: Tensor) => Tensor) =>
      compute({ params, x: floats([1, 2, 3, 4], [1, 4]) }, ({ params: p, x }: Inputs, trace) => ({
        value: what(posterior.distribution(p, x, 2, traceContext(trace, false)) as PushForward, x),
      }));
    await expect(ask((q) => q.entropy())).rejects.toThrow(
      'the entropy of a distribution made by a flow has no closed form',
    );
    await expect(ask((q, x) => q.logProb(slice(x, 1, 0, 2)))).rejects.toThrow(
      'got planar, whose inverse has no closed form',
    );
  });
});

describe('priors', () => {
  test.each([
    ['coupling', plane.realnvp!],
    ['autoregressive', plane.maf!],
  ] as const)('draws from a %s prior have its density', async (_, flow) => {
    const prior = flowPrior(flow);
    const params = perturbed(prior.init(key(3), 2, { dataSize: 9, conditionSize: 2 }), 4, 0.2);
    const condition = floats([1, 0, 0, 1], [2, 2]);
    const encode = () => {
      throw new Error('not asked for');
    };
    const { ratio, z } = await compute({ params, x: condition }, ({ params: p, x }: Inputs, trace) => {
      const context = traceContext(trace, false, { condition: x });
      const distribution = prior.distribution(p, 2, context, encode);
      const z = distribution.sample(context.site('z'), [6000]);
      const narrow = independent(normal({ loc: constant(hostTensor(new Float32Array(2), [2])), scale: 0.6 }));
      return { ratio: exp(sub(narrow.logProb(z), distribution.logProb(z))), z };
    });
    for (let row = 0; row < 2; row++)
      expectMean(
        ratio.filter((_, i) => i % 2 === row),
        1,
        5,
      );
    expect(z.length).toBe(24000);
  });
});
