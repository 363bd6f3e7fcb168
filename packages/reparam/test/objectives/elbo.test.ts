import {
  constant,
  foldIn,
  type HostTensor,
  key,
  mapTree,
  normalArray,
  type Runtime,
  type Tensor,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  type Distribution,
  type ElboOptions,
  elbo,
  type HostParams,
  independent,
  iwae,
  type LatentModel,
  linearWarmup,
  mlp,
  normal,
  type SymbolicParams,
  traceContext,
  vae,
} from 'reparam';
import { beforeAll, describe, expect, test } from 'vitest';
import { compute, expectClose, expectMean, floats } from '../support.ts';
import { drawObjective } from './objective.ts';

const pixels = 6;
const examples = [
  [1, 0, 0, 1, 1, 0],
  [0, 0, 1, 1, 0, 1],
];
const data = floats(examples.flat(), [2, pixels]);

/** A small Bernoulli VAE with parameters far from its start, so that the posterior is no trivial one. */
function bernoulliVae(latentDim: number): { model: LatentModel; params: HostParams } {
  const net = () => mlp([5], { activation: 'tanh' });
  const model = vae({ dataShape: [pixels], latentDim, encoder: net(), decoder: net() });
  const params = mapTree<HostParams, HostTensor, HostTensor>(model.init(key(2)), (t, path) =>
    floats(
      Array.from(normalArray(foldIn(key(9), path), t.data.length), (z) => 0.4 * z),
      t.shape,
    ),
  ) as HostParams;
  return { model, params };
}

interface Exact {
  /** One number an example. */
  readonly logP: number[];
  readonly elbo: number[];
  readonly rate: number[];
  /** KL(q(z given x) ‖ p(z given x)). */
  readonly gap: number[];
}

/** Everything by quadrature over a grid of z (one or two dimensions), from the model's own densities. */
async function quadrature(model: LatentModel, params: HostParams): Promise<Exact> {
  const n = model.latentDim === 1 ? 2400 : 200;
  const width = 24;
  const step = width / n;
  const line = Array.from({ length: n }, (_, i) => -width / 2 + (i + 0.5) * step);
  const grid = model.latentDim === 1 ? line.map((z) => [z]) : line.flatMap((a) => line.map((b) => [a, b]));
  const count = grid.length;
  const z = floats(
    grid.flatMap((point) => [...point, ...point]),
    [count, 2, model.latentDim],
  );
  const got = await compute(
    { params, z, x: data },
    (inputs: { params: SymbolicParams; z: Tensor; x: Tensor }, trace) => {
      const context = traceContext(trace, false);
      const q = model.encode(inputs.params, inputs.x, context);
      const p: Distribution = model.prior(inputs.params, context);
      return {
        likelihood: model.decode(inputs.params, inputs.z, context).logProb(inputs.x),
        prior: p.logProb(inputs.z),
        posterior: q.logProb(inputs.z),
      };
    },
  );
  const volume = step ** model.latentDim;
  const over = (example: number, f: (logLikelihood: number, logPrior: number, logQ: number) => number) =>
    grid.reduce((total, _, i) => {
      const at = 2 * i + example;
      return total + volume * f(got.likelihood[at]!, got.prior[at]!, got.posterior[at]!);
    }, 0);
  const each = (f: (example: number) => number) => [0, 1].map(f);
  const logP = each((e) => Math.log(over(e, (l, p) => Math.exp(l + p))));
  return {
    logP,
    elbo: each((e) => over(e, (l, p, q) => Math.exp(q) * (l + p - q))),
    rate: each((e) => over(e, (_, p, q) => Math.exp(q) * (q - p))),
    gap: each((e) => over(e, (l, p, q) => Math.exp(q) * (q - (l + p - logP[e]!)))),
  };
}

const ofExample = (values: readonly number[], example: number) => values.filter((_, i) => i % 2 === example);
const rows = 20_000;

describe.each([1, 2])('Bernoulli decoder of %i latent dimensions, against quadrature', (latentDim) => {
  const { model, params } = bernoulliVae(latentDim);
  const draw = (options: ElboOptions, n = rows) => drawObjective(elbo(options), model, params, data, n, { runtime });
  let runtime: Runtime;
  let exact: Exact;
  beforeAll(async () => {
    runtime = await nodeRuntime();
    exact = await quadrature(model, params);
  });

  test('forms A and B have one expectation, the ELBO; B’s rate is exact', async () => {
    const [a, b, many] = [
      await draw({ kl: 'sampled' }),
      await draw({ kl: 'analytic' }),
      await draw({ kl: 'sampled', numSamples: 4 }, rows / 4),
    ];
    for (const e of [0, 1]) {
      for (const form of [a, b, many]) {
        expectMean(ofExample(form.elbo!, e), exact.elbo[e]!);
        expectMean(ofExample(form.loss!, e), -exact.elbo[e]!);
        expectMean(ofExample(form.distortion!, e), exact.rate[e]! * -1 - exact.elbo[e]!);
      }
      expectMean(ofExample(a.rate!, e), exact.rate[e]!);
      expectClose(
        ofExample(b.rate!, e).slice(0, 3),
        [1, 1, 1].map(() => exact.rate[e]!),
        1e-6,
      );
    }
  });

  test('log p(x) = ELBO + KL(q ‖ posterior), and the ELBO is below', async () => {
    const { elbo: sampled } = await draw({ kl: 'sampled' });
    for (const e of [0, 1]) {
      expect(exact.gap[e]).toBeGreaterThan(0.01);
      expect(exact.elbo[e]).toBeLessThan(exact.logP[e]!);
      expectMean(
        ofExample(sampled!, e).map((v) => v + exact.gap[e]!),
        exact.logP[e]!,
      );
    }
  });

  test('the importance-weighted bound lies between the ELBO and log p(x) and comes close', async () => {
    const { iwaeBound } = await drawObjective(iwae({ numSamples: 200 }), model, params, data, 500, { runtime });
    for (const e of [0, 1]) {
      const bound = ofExample(iwaeBound!, e).reduce((x, y) => x + y) / 500;
      expect(bound).toBeGreaterThan(exact.elbo[e]!);
      expect(Math.abs(bound - exact.logP[e]!)).toBeLessThan(0.4 * exact.gap[e]!);
    }
  });
});

describe('weights of the rate', () => {
  const { model, params } = bernoulliVae(2);
  /** Loss and terms of the two examples, in the fourth step of ten. */
  const loss = async (options: ElboOptions): Promise<Record<string, number>> => {
    const objective = elbo(options);
    const results = await compute(
      { params, x: data, weights: floats([0.5, 0.5]) },
      (inputs: { params: SymbolicParams; x: Tensor; weights: Tensor }, trace) => {
        const context = {
          ...traceContext(trace, true),
          datasetSize: 2,
          schedule: (name: string, at: Parameters<typeof asNumber>[0]) => {
            expect(name).toBe('beta');
            return asNumber(at);
          },
        };
        const { loss, terms } = objective.loss(model, inputs.params, inputs, context);
        return { loss, ...terms };
      },
    );
    return Object.fromEntries(
      Object.entries(results as Record<string, number[]>).map(([name, [value]]) => [name, value!]),
    );
  };
  const asNumber = (at: number | { at(p: object): number }) =>
    constant(typeof at === 'number' ? at : at.at({ step: 3, stepsPerEpoch: 1, totalSteps: 10 }));

  test('loss = distortion + β · rate; the reported ELBO has β = 1', async () => {
    const plain = await loss({});
    expect(plain.loss).toBeCloseTo(plain.distortion! + plain.rate!, 12);
    for (const [beta, value] of [
      [0, 0],
      [4, 4],
      [linearWarmup({ epochs: 5 }), 0.6],
    ] as const) {
      const got = await loss({ beta });
      expect(got.loss).toBeCloseTo(got.distortion! + value * got.rate!, 12);
      expect(got.elbo).toBe(plain.elbo);
      expect(got.rate).toBe(plain.rate);
    }
  });

  test('free bits: a floor for each dimension’s mean KL, reported beside the true rate', async () => {
    const { rate, distortion } = await loss({});
    const low = await loss({ freeBits: 1e-6 });
    expect(low.chargedRate).toBeCloseTo(rate!, 12);
    const high = await loss({ freeBits: 50 });
    expect(high.chargedRate).toBe(100);
    expect(high.loss).toBeCloseTo(distortion! + 100, 10);
    expect(high.rate).toBe(rate);
    expect((await loss({ freeBits: 50, beta: 0.5 })).loss).toBeCloseTo(distortion! + 50, 10);
  });

  test('free bits need a KL for each dimension', async () => {
    const { prior: _, ...rest } = model;
    const mixed: LatentModel = { ...rest, prior: () => independent(independent(normal({ loc: 0, scale: 1 }), 0), 0) };
    await expect(drawObjective(elbo({ freeBits: 1 }), mixed, params, data, 1)).rejects.toThrow(
      'free bits need the KL of each latent dimension',
    );
  });
});

test.each([
  [{ numSamples: 0 }, 'numSamples: got 0, expected a positive integer'],
  [{ numSamples: 1.5 }, 'numSamples: got 1.5, expected a positive integer'],
  [{ freeBits: -1 }, 'freeBits: got -1, expected a number of nats, 0 or more'],
  [{ beta: Number.NaN }, 'beta: got NaN, expected a number, 0 or more, or a schedule'],
  [{ beta: -1 }, 'beta: got -1, expected a number, 0 or more, or a schedule'],
] as const)('%o is refused', (options, message) => {
  expect(() => elbo(options)).toThrow(message);
});

test('descriptions say exactly what is maximised', () => {
  expect(elbo().description).toBe('E_q log p(x|z) − KL(q(z|x) ‖ p(z)), KL in closed form, 1 draw of z an example');
  expect(elbo({ kl: 'sampled', numSamples: 3, beta: 4 }).description).toBe(
    'E_q log p(x|z) − 4 · KL(q(z|x) ‖ p(z)), all terms sampled, 3 draws of z an example',
  );
});
