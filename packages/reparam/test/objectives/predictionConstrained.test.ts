import type { HostTensor } from '@reparam/tensor';
import { nodeRuntime } from '@reparam/tensor/node';
import {
  createDataset,
  elbo,
  fit,
  flowModel,
  gaussianLikelihood,
  type HostParams,
  type LabelHeadOptions,
  linearLu,
  linearWarmup,
  mlp,
  type PredictionConstrainedOptions,
  poissonLikelihood,
  predictionConstrained,
  type VaeOptions,
  vae,
  withLabelHead,
  withLabelTargets,
} from 'reparam';
import { describe, expect, test } from 'vitest';
import { expectClose, floats } from '../support.ts';
import { atNoise, finiteDifference, leafAt, type Situation } from './atNoise.ts';
import { movedParams } from './movedParams.ts';

const [D, d, B, L, K] = [4, 2, 5, 2, 3];
const linearVae = (options: Partial<VaeOptions> = {}) =>
  vae({ dataShape: [D], latentDim: d, encoder: mlp([]), decoder: mlp([]), ...options });
const withHead = (options: Partial<LabelHeadOptions> = {}, parts: Partial<VaeOptions> = {}) =>
  withLabelHead(linearVae(parts), { numLabels: K, ...options });

const x = [1, 0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 0];
const weights = [0.15, 0.25, 0.3, 0.3, 0];
const z1 = [0.3, -0.8, 1.1, 0.2, -0.5, 0.9, 0.4, -1.3, 0.1, 0.6];
const z2 = [-0.2, 0.7, 0.5, -0.9, 1.4, 0.1, -0.6, 0.3, 0.8, -0.4];
const uniforms = x.map((_, i) => ((i * 7 + 3) % 20) / 21 + 0.02);
const labels = {
  categorical: [0, 1, 0, 1, 0, 0],
  bernoulli: [1, 1, 0, 0, 0, 1],
} as const;

function situation(kind: 'categorical' | 'bernoulli', reconstruction?: 'mean' | 'sample'): Situation {
  const model = withHead({ kind });
  return {
    model,
    params: movedParams(model),
    x: floats(x, [B, D]),
    weights,
    targets: floats(labels[kind], [L, K]),
    noise: {
      z: floats(z1, [B, d]),
      ...(reconstruction && { 'reconstructed/z': floats(z2, [B, d]) }),
      ...(reconstruction === 'sample' && { 'reconstructed/x': floats(uniforms, [B, D]) }),
    },
  };
}

const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
const row = (values: readonly number[], i: number, width: number) => values.slice(i * width, (i + 1) * width);
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((s, v, i) => s + v * b[i]!, 0);

/** The loss written out for the linear model, in plain numbers. */
function plainLoss({ params }: Situation, kind: 'categorical' | 'bernoulli', options: PredictionConstrainedOptions) {
  const at = (path: string) => Array.from(leafAt(params, path).data as Float64Array, Number);
  const layer = (name: string, input: readonly number[]) => {
    const [weight, bias] = [at(`${name}/weight`), at(`${name}/bias`)];
    return bias.map((b, j) => b + dot(row(weight, j, input.length), input));
  };
  const code = (input: readonly number[], noise: readonly number[]) => {
    const out = layer('posterior', input);
    const [loc, logVariance] = [out.slice(0, d), out.slice(d)];
    return { z: loc.map((m, j) => m + Math.exp(0.5 * logVariance[j]!) * noise[j]!), loc, logVariance };
  };
  /** Probability of every outcome. */
  const predict = (z: readonly number[]) => {
    const logits = layer('labels/head', z);
    if (kind === 'bernoulli') return logits.flatMap((l) => [sigmoid(l), sigmoid(-l)]);
    const total = logits.reduce((s, l) => s + Math.exp(l), 0);
    return logits.map((l) => Math.exp(l) / total);
  };
  const outcomes = (p: readonly number[]) => (kind === 'bernoulli' ? p.flatMap((v) => [v, 1 - v]) : p);
  const ce = (p: readonly number[], q: readonly number[]) => -p.reduce((s, v, i) => s + v * Math.log(q[i]!), 0);

  const rows = weights.map((weight, i) => {
    const input = row(x, i, D);
    const { z, loc, logVariance } = code(input, row(z1, i, d));
    const logits = layer('output', z);
    const logLikelihood = input.reduce((s, v, j) => s + Math.log(v ? sigmoid(logits[j]!) : sigmoid(-logits[j]!)), 0);
    const rate = loc.reduce((s, m, j) => s + 0.5 * (m * m + Math.exp(logVariance[j]!) - 1 - logVariance[j]!), 0);
    const { reconstruction, temperature = 0.5 } = options.consistency ?? {};
    const again = logits.map((l, j) => {
      const u = uniforms[i * D + j]!;
      return reconstruction === 'sample' ? sigmoid((l + Math.log(u / (1 - u))) / temperature) : sigmoid(l);
    });
    const known = i < L ? outcomes(row(labels[kind], i, K)) : undefined;
    return { weight, elbo: logLikelihood - rate, p: predict(z), q: predict(code(again, row(z2, i, d)).z), known };
  });
  const mean = (of: typeof rows, value: (r: (typeof rows)[number]) => number) =>
    of.reduce((s, r) => s + r.weight * value(r), 0) / of.reduce((s, r) => s + r.weight, 0);
  const [labelled, others] = [rows.slice(0, L), rows.slice(L)];
  const labelLoss = mean(labelled, (r) => ce(r.known!, r.p));
  const held = options.consistency?.labelled === 'label';
  const consistency = mean(rows, (r) => ce(held && r.known ? r.known : r.p, r.q));
  const prior = options.labelPrior?.probabilities ?? new Array(K).fill(kind === 'bernoulli' ? 0.5 : 1 / K);
  const average = rows[0]!.p.map((_, k) => mean(others, (r) => r.p[k]!));
  const labelPrior = ce(outcomes(prior), average);
  const loss =
    -mean(rows, (r) => r.elbo) +
    (options.lambda as number) * (labelLoss - (options.epsilon ?? 0)) +
    ((options.consistency?.weight as number) ?? 0) * consistency +
    (options.labelPrior?.weight ?? 0) * labelPrior;
  return { loss, labelLoss, consistency, labelPrior };
}

const total = (values: readonly number[]) => values.reduce((s, v) => s + Math.abs(v), 0);

describe.each([
  'categorical',
  'bernoulli',
] as const)('%s labels, loss and gradient written out in plain numbers', (kind) => {
  const probabilities = [0.5, 0.2, 0.3];
  test.each<[string, PredictionConstrainedOptions]>([
    ['the constraint alone', { lambda: 3, epsilon: 0.2 }],
    ['consistency through the mean', { lambda: 3, consistency: { weight: 2 } }],
    [
      'consistency through relaxed draws, labels held',
      { lambda: 3, consistency: { weight: 2, reconstruction: 'sample', temperature: 0.7, labelled: 'label' } },
    ],
    ['all terms', { lambda: 3, consistency: { weight: 2 }, labelPrior: { weight: 5, probabilities } }],
    ['the default prior', { lambda: 0, labelPrior: { weight: 5 } }],
  ])('%s', async (_, options) => {
    const { consistency, labelPrior } = options;
    const at = situation(kind, consistency && (consistency.reconstruction ?? 'mean'));
    const { loss, terms, gradient } = await atNoise(predictionConstrained(options), at);
    const want = plainLoss(at, kind, options);
    // The prior's probabilities are float32 numbers.
    expect(loss).toBeCloseTo(want.loss, labelPrior ? 5 : 10);
    expect(terms.labelLoss).toBeCloseTo(want.labelLoss, 10);
    if (consistency) expect(terms.consistency).toBeCloseTo(want.consistency, 10);
    if (labelPrior) expect(terms.labelPrior).toBeCloseTo(want.labelPrior, 7);
    for (const path of ['posterior/weight', 'output/weight', 'labels/head/weight', 'labels/head/bias']) {
      const wanted = await finiteDifference(at, path, async (moved) => plainLoss(moved, kind, options).loss);
      expectClose(gradient[path]!, wanted, 1e-6);
      expect(total(wanted)).toBeGreaterThan(0.1);
    }
  });
});

describe('what the labels act on', () => {
  const gradientsOf = async (options: PredictionConstrainedOptions, moved: Partial<Situation> = {}) =>
    atNoise(predictionConstrained(options), { ...situation('categorical'), ...moved });

  test('λ = 0 is the ELBO, bit for bit, and so is a training with it', async () => {
    const at = situation('categorical');
    const [plain, none] = [await atNoise(elbo(), at), await gradientsOf({ lambda: 0 })];
    expect(none.loss).toBe(plain.loss);
    const own = (gradient: typeof plain.gradient) =>
      Object.entries(gradient).filter(([path]) => !path.startsWith('labels'));
    expect(own(none.gradient)).toEqual(own(plain.gradient));
    expect(own(plain.gradient).length).toBeGreaterThan(3);

    const few = toy([1, 0, 2, 1, 1, 0, 2, 0, 1, 2, 2, 0]);
    const train = async (objective = elbo()) => {
      const runtime = await nodeRuntime({ threads: 1 });
      const run = fit(withHead(), few, { runtime, objective, epochs: 3, batchSize: 5, seed: 4 });
      for await (const _ of run);
      return run.params;
    };
    const { labels: _, ...want } = await train();
    const { labels: __, ...got } = await train(predictionConstrained({ lambda: 0 }));
    expect(got).toEqual(want);
  });

  test('rows without a label get no gradient through the prediction, and change nothing of it', async () => {
    const [with3, with0] = [await gradientsOf({ lambda: 3 }), await gradientsOf({ lambda: 0 })];
    const swapped = x.map((v, i) => (i >= L * D ? 1 - v : v));
    const others = { x: floats(swapped, [B, D]) };
    const [other3, other0] = [await gradientsOf({ lambda: 3 }, others), await gradientsOf({ lambda: 0 }, others)];
    expect(other3.terms.labelLoss).toBe(with3.terms.labelLoss);
    expect(other3.loss).not.toBe(with3.loss);
    for (const path of ['posterior/weight', 'labels/head/weight']) {
      const through = (a: typeof with3, b: typeof with0) => a.gradient[path]!.map((g, i) => g - b.gradient[path]![i]!);
      expectClose(through(other3, other0), through(with3, with0), 1e-12);
      expect(total(through(with3, with0))).toBeGreaterThan(0.1);
    }
  });

  test('a row that is padding counts nothing', async () => {
    const options = { lambda: 2, consistency: { weight: 3 }, labelPrior: { weight: 4 } };
    const at = situation('categorical', 'mean');
    const changed = {
      ...at,
      x: floats(
        x.map((v, i) => (i >= 4 * D ? 1 - v : v)),
        [B, D],
      ),
    };
    const [a, b] = [
      await atNoise(predictionConstrained(options), at),
      await atNoise(predictionConstrained(options), changed),
    ];
    expect(b.loss).toBe(a.loss);
  });

  test('λ and γ follow schedules', async () => {
    const warm = (to: number) => linearWarmup({ to, epochs: 4 });
    const at = { ...situation('categorical', 'mean'), progress: { step: 1, stepsPerEpoch: 1, totalSteps: 8 } };
    const { loss, terms } = await atNoise(
      predictionConstrained({ lambda: warm(8), consistency: { weight: warm(4) } }),
      at,
    );
    expect(loss).toBe((await atNoise(predictionConstrained({ lambda: 2, consistency: { weight: 1 } }), at)).loss);
    expect(terms.lambda).toBe(2);
  });
});

/** Twelve rows of four bits that depend on their class. */
function toy(labels: readonly number[]) {
  return withLabelTargets(
    createDataset({
      name: 'toy',
      data: Float32Array.from({ length: labels.length * D }, (_, i) => Number((i * 5) % 7 < 3 + labels[i >> 2]!)),
      shape: [D],
      labels: Int32Array.from(labels),
    }),
    K,
  );
}

describe('dual ascent', () => {
  const multiplier = (params: HostParams) =>
    (params as Record<string, Record<string, Record<string, HostTensor>>>).labels!.buffers!.multiplier!
      .data[0] as number;
  const data = toy([1, 0, 2, 1, 1, 0, 2, 0, -1, -1, -1, -1]);

  test.each([
    [0.4, 0, 3],
    [2, 2, 6],
  ])('ρ %d, ε %d, from %d: the sequence by hand, never below 0', async (rate, epsilon, start) => {
    const runtime = await nodeRuntime({ threads: 1 });
    const objective = predictionConstrained({ dual: { rate, start }, epsilon });
    // One step an epoch, so that the epoch's terms are the step's.
    const options = { runtime, objective, batchSize: 12, labelledBatchSize: 8, learningRate: 0.05, seed: 1 };
    const run = fit(withHead(), data, { ...options, epochs: 12 });
    let lambda = start;
    const seen: number[] = [];
    for await (const { train } of run) {
      expect(train.lambda).toBeCloseTo(lambda, 4);
      const before = lambda;
      lambda = Math.max(0, lambda + rate * (train.labelLoss! - epsilon));
      if (train.labelLoss! > epsilon) expect(lambda).toBeGreaterThan(before);
      seen.push(lambda);
    }
    expect(multiplier(run.params) + start).toBeCloseTo(lambda, 4);
    // The first violates its constraint to the end; the second does not and reaches the floor.
    expect(seen.at(-1) === 0).toBe(epsilon > 0);
  });

  test('stopped and resumed, λ goes on with the same bits', async () => {
    const runtime = await nodeRuntime({ threads: 1 });
    const objective = predictionConstrained({ dual: { rate: 0.7 }, epsilon: 0.1 });
    const options = { runtime, objective, batchSize: 5, labelledBatchSize: 3, epochs: 4, seed: 1, stepsPerCall: 1 };
    const whole = fit(withHead(), data, options);
    for await (const _ of whole);
    const controller = new AbortController();
    const first = fit(withHead(), data, {
      ...options,
      signal: controller.signal,
      onProgress: ({ step }) => step === 3 && controller.abort(),
    });
    const toItsEnd = async () => {
      for await (const _ of first);
    };
    await expect(toItsEnd()).rejects.toThrow('interrupted');
    const rest = fit(withHead(), data, { ...options, state: first.state });
    for await (const _ of rest);
    expect(rest.params).toEqual(whole.params);
    expect(multiplier(rest.params)).toBeGreaterThan(0);
  });
});

describe('refused with the reason', () => {
  test.each<[PredictionConstrainedOptions, string]>([
    [{ lambda: -1 }, 'lambda: got -1, expected a number, 0 or more'],
    [{ epsilon: Number.NaN }, 'epsilon: got NaN'],
    [{ lambda: 3, dual: { rate: 1 } }, 'dual ascent takes the place of lambda'],
    [{ dual: { rate: 0 } }, 'dual.rate: got 0, expected a positive number'],
    [{ consistency: { weight: -2 } }, 'consistency.weight: got -2'],
    [{ consistency: { weight: 1, temperature: 0 } }, 'consistency.temperature: got 0'],
    [{ consistency: { weight: 1, reconstruction: 'median' as never } }, 'got median, expected mean or sample'],
    [{ labelPrior: { weight: -1 } }, 'labelPrior.weight: got -1'],
  ])('%o', (options, message) => {
    expect(() => predictionConstrained(options)).toThrow(message);
  });

  const options = { consistency: { weight: 1, reconstruction: 'sample' } } as const;
  test.each<[string, Partial<Situation>, PredictionConstrainedOptions, string]>([
    ['a model without labels', { model: linearVae() }, {}, 'needs a model that predicts labels from its code'],
    ['other labels', { targets: floats([1, 0, 0, 1], [2, 2]) }, {}, 'got 2 a row, expected 3 a row'],
    [
      'a prior of another size',
      {},
      { labelPrior: { weight: 1, probabilities: [0.5, 0.5] } },
      'got [0.5, 0.5], expected 3 numbers from 0 to 1 that sum to 1',
    ],
    [
      'draws without a gradient',
      { model: withHead({}, { likelihood: poissonLikelihood() }) },
      options,
      'draws of this likelihood have no gradient',
    ],
    [
      'consistency of a flow',
      { model: withLabelHead(flowModel({ dataShape: [D], flow: linearLu({ seed: 0 }) }), { numLabels: K }) },
      options,
      'consistency needs reconstructions that differ from the examples',
    ],
  ])('%s', async (_, moved, given, message) => {
    const at = { ...situation('categorical'), ...moved };
    await expect(atNoise(predictionConstrained(given), { ...at, params: movedParams(at.model) })).rejects.toThrow(
      message,
    );
  });
});

test('a Gaussian likelihood is drawn with its gradient', async () => {
  const model = withHead({ hidden: [3], activation: 'tanh' }, { likelihood: gaussianLikelihood({ scale: 0.5 }) });
  const options = { lambda: 1, consistency: { weight: 10, reconstruction: 'sample' } } as const;
  const at = { ...situation('categorical', 'sample'), model, params: movedParams(model) };
  const objective = predictionConstrained(options);
  const { gradient } = await atNoise(objective, at);
  for (const path of ['output/weight', 'labels/head/0/0/weight']) {
    const wanted = await finiteDifference(at, path, async (moved) => (await atNoise(objective, moved)).loss);
    expectClose(gradient[path]!, wanted, 1e-6);
    expect(total(wanted)).toBeGreaterThan(0.1);
  }
});
