import {
  add,
  cast,
  grad,
  interpreter,
  log,
  mean,
  mul,
  type Runtime,
  sizeOf,
  square,
  sub,
  sum,
  type Tensor,
} from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  bernoulli,
  type Context,
  categorical,
  isReparameterizable,
  normal,
  type Reparameterizable,
  traceContext,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { column, compute, expectClose, expectMean, floats } from '../support.ts';
import { type Row, rows } from './rows.ts';

type Params = Readonly<Record<string, Tensor>>;
const largestGap = (a: readonly number[], b: readonly number[]) => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));
const titled = rows.map((row) => [row.name, row] as const);

/** Every event of the support for every member of the batch, [events, batch, ...event]. */
const everyEvent = ({ support, batch, eventShape }: Row) =>
  floats(
    support.events.flatMap((event) => Array.from({ length: batch }, () => event).flat()),
    [support.events.length, batch, ...eventShape],
  );

const volumeOf = ({ support: { volume } }: Row, e: number) => (typeof volume === 'number' ? volume : volume[e]!);

/** Draws of each member, [draws, batch, ...event]: the row axis of the noise is the batch. */
const draws = 20_000;
const members = ({ batch, eventShape }: Row) => batch * sizeOf(eventShape);

describe.each(titled)('%s', (_, row) => {
  const { batch, support, eventShape } = row;
  const size = sizeOf(eventShape);

  test('log-probabilities are those of the definition and of total mass 1', async () => {
    const { logProb } = await compute(
      { params: row.params, x: everyEvent(row) },
      ({ params, x }: { params: Params; x: Tensor }) => ({
        logProb: row.make(params).logProb(x),
      }),
    );
    for (let i = 0; i < batch; i++) {
      const got = column(logProb, i, batch);
      const likely = support.events.flatMap((event, e) => (row.logProb(event, i) > -500 ? [e] : []));
      expectClose(
        likely.map((e) => got[e]!),
        likely.map((e) => row.logProb(support.events[e]!, i)),
        1e-12,
      );
      expect(got.reduce((total, l, e) => total + Math.exp(l) * volumeOf(row, e), 0)).toBeCloseTo(1, 10);
    }
  });

  test('mean and entropy are the integrals, of the right shape', async () => {
    const got = await compute({ params: row.params }, ({ params }: { params: Params }) => {
      const d = row.make(params);
      expect(d.batchShape).toEqual([batch]);
      expect(d.eventRank).toBe(eventShape.length);
      expect(d.mean.shape).toEqual([batch, ...eventShape]);
      if (row.withoutEntropy) expect(() => d.entropy()).toThrow(/no closed form/);
      const results: Record<string, Tensor> = { mean: d.mean, ...(!row.withoutEntropy && { entropy: d.entropy() }) };
      return results;
    });
    const integral = (i: number, f: (event: readonly number[], logP: number) => number) =>
      support.events.reduce((total, event, e) => {
        const logP = row.logProb(event, i);
        return logP > -700 ? total + volumeOf(row, e) * Math.exp(logP) * f(event, logP) : total;
      }, 0);
    const each = Array.from({ length: batch }, (_, i) => i);
    if (got.entropy) {
      expectClose(
        got.entropy,
        each.map((i) => integral(i, (_, logP) => -logP)),
        1e-9,
      );
    }
    expectClose(
      got.mean!,
      each.flatMap((i) => Array.from({ length: size }, (_, j) => integral(i, (event) => event[j]!))),
      1e-9,
    );
  });

  test('draws have the moments of the distribution and no gradient', async () => {
    const { value, ...gradients } = await compute({ params: row.params }, ({ params }: { params: Params }, trace) => {
      const value = row.make(params).sample(traceContext(trace, true).site('z'), [draws]);
      expect(value.shape).toEqual([draws, batch, ...eventShape]);
      const slopes = value.dtype === 'float32' ? grad(sum(value), params) : {};
      return { value, ...(slopes as Record<string, Tensor>) };
    });
    for (const slope of Object.values(gradients)) expect((slope as number[]).every((g) => g === 0)).toBe(true);
    for (let m = 0; m < members(row); m++) {
      const got = column(value, m, members(row));
      const [i, j] = [Math.floor(m / size), m % size];
      const expectation = (f: (x: number) => number) =>
        support.events.reduce(
          (t, event, e) => t + volumeOf(row, e) * Math.exp(row.logProb(event, i)) * f(event[j]!),
          0,
        );
      const exact = expectation((x) => x);
      expectMean(got, exact);
      expectMean(
        got.map((x) => (x - exact) ** 2),
        expectation((x) => (x - exact) ** 2),
      );
    }
  });
});

describe.each(titled.filter(([name]) => name.includes('normal')))('%s, differentiable draws', (_, row) => {
  const drawn = async (fn: (d: Reparameterizable, params: Params, context: Context) => Record<string, Tensor>) =>
    compute({ params: row.params }, ({ params }: { params: Params }, trace) => {
      const d = row.make(params);
      if (!isReparameterizable(d)) throw new Error('not reparameterizable');
      return fn(d, params, traceContext(trace, true));
    });

  test('the log-probability that comes with a draw is that of the draw', async () => {
    const { fromNoise, fromValue } = await drawn((d, _, context) => {
      const { value, logProb } = d.rsampleWithLogProb(context.site('z'), [50]);
      return { fromNoise: logProb, fromValue: d.logProb(value) };
    });
    expect(fromNoise!.length).toBe(50 * row.batch);
    expectClose(fromNoise!, fromValue!, 1e-12);
  });

  test('change of variables: log q(z) = log N(ε) − log |dz/dε|', async () => {
    const { logProb, changed } = await drawn((d, _, context) => {
      let noise: Tensor | undefined;
      const site = context.site('z');
      const { value, logProb } = d.rsampleWithLogProb(
        {
          draw: (...args) => {
            noise = site.draw(...args);
            return noise;
          },
          child: (name) => site.child(name),
        },
        [5],
      );
      // Each element of z depends on one element of ε: the derivative of the sum is the diagonal of the Jacobian.
      const slope = grad(sum(value), noise!);
      const perElement = sub(mul(square(noise!), -0.5), add(mul(0.5, log(square(slope))), 0.5 * Math.log(2 * Math.PI)));
      return { logProb, changed: row.eventShape.length ? sum(perElement, { axes: -1 }) : perElement };
    });
    expectClose(logProb!, changed!, 1e-12);
  });

  test('the path-wise gradient of E z² is that of μ² + σ²', async () => {
    const got = await drawn((d, params, context) => {
      const z = d.rsample(context.site('z'), [draws]);
      return grad(mul(sum(mean(square(z), { axes: 0 })), 1), params) as Record<string, Tensor>;
    });
    const wanted = await compute({ params: row.params }, ({ params }: { params: Params }) => {
      const d = row.make(params);
      const { loc, scale } = ('base' in d ? d.base : d) as ReturnType<typeof normal>;
      return grad(sum(add(square(loc), square(add(scale, mul(loc, 0))))), params) as Record<string, Tensor>;
    });
    // The standard error of each gradient is below 10/√draws for these parameters.
    for (const [name, want] of Object.entries(wanted)) {
      expect(largestGap(got[name]!, want)).toBeLessThan(40 / Math.sqrt(draws));
    }
  });
});

const runtimes: readonly (readonly [string, () => Promise<Runtime> | Runtime])[] = [
  ['interpreter', () => interpreter],
  ['onnxruntime-node', () => nodeRuntime()],
];

describe.each(runtimes)('extreme logits on %s', (_, open) => {
  test('bernoulli at ±100: exact log-probabilities and gradients', async () => {
    const got = await compute(
      { logits: floats([-100, -100, 100, 100, 0]), x: floats([0, 1, 0, 1, 1]) },
      ({ logits, x }: { logits: Tensor; x: Tensor }) => {
        const d = bernoulli({ logits });
        const logProb = d.logProb(x);
        const entropy = d.entropy();
        return { logProb, slope: grad(sum(logProb), logits), entropy, entropySlope: grad(sum(entropy), logits) };
      },
      { runtime: await open() },
    );
    expectClose(got.logProb, [0, -100, -100, 0, -Math.LN2], 1e-6);
    expectClose(got.slope, [0, 1, -1, 0, 0.5], 1e-6);
    expectClose(got.entropy, [0, 0, 0, 0, Math.LN2], 1e-6);
    expectClose(got.entropySlope, [0, 0, 0, 0, 0], 1e-6);
  });

  test('categorical at ±100: exact log-probabilities and gradients', async () => {
    const got = await compute(
      { logits: floats([100, -100, 0, -100, -100, -100], [2, 3]), x: floats([1, 2]) },
      ({ logits, x }: { logits: Tensor; x: Tensor }) => {
        const d = categorical({ logits });
        const logProb = d.logProb(x);
        const entropy = d.entropy();
        return { logProb, slope: grad(sum(logProb), logits), entropy, entropySlope: grad(sum(entropy), logits) };
      },
      { runtime: await open() },
    );
    // A float32 near 100 is known to 8e-6.
    expectClose(got.logProb, [-200, -Math.log(3)], 1e-5);
    expectClose(got.slope, [-1, 1, 0, -1 / 3, -1 / 3, 2 / 3], 1e-6);
    expectClose(got.entropy, [0, Math.log(3)], 1e-5);
    expectClose(got.entropySlope, [0, 0, 0, 0, 0, 0], 1e-6);
  });

  test('normal with log scale ±17 and values far out', async () => {
    const got = await compute(
      { logScale: floats([-17, 17, 0]), x: floats([0, 100, -100]) },
      ({ logScale, x }: { logScale: Tensor; x: Tensor }) => {
        const logProb = normal({ loc: mul(x, 0), logScale }).logProb(x);
        return { logProb, slope: grad(sum(logProb), logScale) };
      },
      { runtime: await open() },
    );
    const c = 0.5 * Math.log(2 * Math.PI);
    expectClose(got.logProb, [17 - c, -17 - c, -5000 - c], 1e-6);
    expectClose(got.slope, [-1, -1, 9999], 1e-6);
  });
});

test('class numbers may be given as int32', async () => {
  const [row] = rows.filter(({ name }) => name === 'categorical');
  const { fromInts, fromFloats } = await compute(
    { params: row!.params, x: floats([2, 1]) },
    ({ params, x }: { params: Params; x: Tensor }) => {
      const d = row!.make(params);
      return { fromInts: d.logProb(cast(x, 'int32')), fromFloats: d.logProb(x) };
    },
  );
  expect(fromInts).toEqual(fromFloats);
  expectClose(fromInts, [row!.logProb([2], 0), row!.logProb([1], 1)], 1e-12);
});
